"""The addresses of an account's settings and members, and of a person's own security."""

from django.urls import path

from billing.views.members import (
    invitation_resend,
    invitation_revoke,
    member,
    member_remove,
    members,
    members_leave,
)
from billing.views.security import security, sessions_end
from billing.views.settings import settings, settings_language, settings_tax

urlpatterns = [
    path("", settings, name="settings"),
    path("language/", settings_language, name="settings_language"),
    path("tax/", settings_tax, name="settings_tax"),
    path("members/", members, name="members"),
    path("members/leave/", members_leave, name="members_leave"),
    path("members/<int:membership_id>/", member, name="member"),
    path("members/<int:membership_id>/remove/", member_remove, name="member_remove"),
    path("invitations/<int:invitation_id>/resend/", invitation_resend, name="invitation_resend"),
    path("invitations/<int:invitation_id>/revoke/", invitation_revoke, name="invitation_revoke"),
    path("security/", security, name="security"),
    path("security/sessions/end/", sessions_end, name="sessions_end"),
]
