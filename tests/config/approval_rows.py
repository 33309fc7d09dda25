"""What waits for a second person, for the back office's lists: one request per account."""

from __future__ import annotations

from decimal import Decimal

from billing.services import second_person
from organizations.models import Account
from tests.factories import make_user


def approval_rows(account: Account) -> None:
    """A credit above what one person may give."""
    answer = second_person.adjust(
        wallet_id=account.wallet.pk, amount=Decimal(1000), reason="Outage", actor_id=make_user().pk, key="adjust:row"
    )
    assert answer.asked is not None
