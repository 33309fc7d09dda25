"""Who may sign up: nobody by themselves. Members come by invitation, staff by the admin."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignupAdapter(DefaultAccountAdapter):
    """Closes allauth's own sign-up page."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: an account's owner is invited when the telephony service creates the account."""
        return False
