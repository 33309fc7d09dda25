"""What staff do beside a customer, and sign-ins, for the tests of the whole back office."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from organizations.models import Account, AccountNote, SignIn, SupportView
from tests.factories import make_user


def support_rows(account: Account) -> None:
    """A note, a view and a sign-in."""
    staff, now = make_user(), timezone.now()
    AccountNote.objects.create(account=account, author=staff, text="Prefers e-mail.")
    SupportView.objects.create(account=account, staff=staff, reason="Asked", until=now + timedelta(minutes=30))
    SignIn.objects.create(user=staff, address=staff.email, ip="192.0.2.1", method="password", outcome="succeeded")
