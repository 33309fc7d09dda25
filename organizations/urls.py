"""The addresses of a person's own matters: the account looked at, and the invitation that leads there."""

from django.urls import path

from organizations.views.invitation import accept_invitation
from organizations.views.language import choose_language
from organizations.views.switch import switch_account
from organizations.views.viewing import end_support_view

urlpatterns = [
    path("language/", choose_language, name="choose_language"),
    path("account/", switch_account, name="switch_account"),
    path("viewing/end/", end_support_view, name="end_support_view"),
    path("invitations/<str:token>/", accept_invitation, name="accept_invitation"),
]
