"""What staff do beside a customer, and sign-ins, for the tests of the whole back office."""

from __future__ import annotations

from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.utils import timezone

from organizations.models import Account, AccountNote, SignIn, SupportView
from tests.factories import make_user


def support_rows(account: Account) -> None:
    """A note, a view, a sign-in and a session."""
    staff, now = make_user(), timezone.now()
    AccountNote.objects.create(account=account, author=staff, text="Prefers e-mail.")
    SupportView.objects.create(account=account, staff=staff, reason="Asked", until=now + timedelta(minutes=30))
    UserSession.objects.create(user=staff, ip="192.0.2.1", user_agent="Firefox", session_key=f"session-{account.pk}")
    SignIn.objects.create(user=staff, address=staff.email, ip="192.0.2.1", method="password", outcome="succeeded")
