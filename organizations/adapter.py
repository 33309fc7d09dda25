"""What allauth asks us: who may sign up (nobody by themselves), and where people go on.

Members come by invitation, staff by the admin.
"""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation

from organizations.languages import language_of
from organizations.models import User
from organizations.signing_in import locked_out

log = logging.getLogger(__name__)


class ClosedSignupAdapter(DefaultAccountAdapter):
    """Closes allauth's own sign-up page."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: an account's owner is invited when the telephony service creates the account."""
        return False

    def validation_error(self, code: str, *args: Any) -> Any:
        """The words of a refusal. Who is locked out is written down: nothing else tells of it."""
        if code == "too_many_login_attempts":
            locked_out(self.request)
        return super().validation_error(code, *args)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to where the password was chosen to be changed."""
        return reverse("security")

    def render_mail(self, template_prefix: str, email: str, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """In the language of the person it goes to, where that is known, whoever's browser asked for it."""
        person = context.get("user")
        language = language_of(person if isinstance(person, User) else None, None)
        with translation.override(language or translation.get_language()):
            return super().render_mail(template_prefix, email, context, *args, **kwargs)

    def send_notification_mail(self, template_prefix: str, user: Any, *args: Any, **kwargs: Any) -> None:
        """Tell of a change that was made: it stays made when the mail server does not answer."""
        try:
            super().send_notification_mail(template_prefix, user, *args, **kwargs)
        except (SMTPException, OSError):
            log.exception("%s could not be told of %s", user, template_prefix)
