"""The addresses of signing in: those of allauth's pages that a person here needs, and no others.

Nobody changes the own address by themselves: invitations trust it.
"""

from allauth.account import views as sign_in
from allauth.mfa.base import views as two_factor
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from django.urls import path, re_path
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView

urlpatterns = [
    path("login/", sign_in.login, name="account_login"),
    path("logout/", sign_in.logout, name="account_logout"),
    path("inactive/", sign_in.account_inactive, name="account_inactive"),
    path("signup/", sign_in.signup, name="account_signup"),
    path("reauthenticate/", sign_in.reauthenticate, name="account_reauthenticate"),
    path("password/change/", sign_in.password_change, name="account_change_password"),
    path("password/set/", sign_in.password_set, name="account_set_password"),
    path("password/reset/", sign_in.password_reset, name="account_reset_password"),
    path("password/reset/done/", sign_in.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        sign_in.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        sign_in.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("2fa/", RedirectView.as_view(pattern_name="security"), name="mfa_index"),
    path("2fa/authenticate/", two_factor.authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", two_factor.reauthenticate, name="mfa_reauthenticate"),
    path("2fa/activate/", never_cache(totp.activate_totp), name="mfa_activate_totp"),
    path("2fa/deactivate/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("2fa/codes/", never_cache(recovery_codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("2fa/codes/new/", recovery_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("2fa/codes/download/", recovery_codes.download_recovery_codes, name="mfa_download_recovery_codes"),
]
