"""A product with a limit of 100, its wallets, and two people of the staff."""

from __future__ import annotations

import itertools
from decimal import Decimal as D

from billing.models import Approval, Wallet
from billing.services import second_person
from organizations.models import User
from tests.billing.wallets import make_product, make_wallet
from tests.factories import make_user

_numbers = itertools.count(1)


def limited_wallet(*, paid: str = "0", limit: str | None = "100") -> Wallet:
    """A wallet of a product where one person may move so much alone."""
    return make_wallet(make_product(approval_limit=None if limit is None else D(limit)), paid=paid)


def adjust(wallet: Wallet, amount: str, by: User, *, key: str = "") -> second_person.Answer:
    """An adjustment as the back office makes one."""
    return second_person.adjust(
        wallet_id=wallet.pk,
        amount=D(amount),
        reason="Outage of Monday",
        actor_id=by.pk,
        key=key or f"adjust:{next(_numbers)}",
    )


def asked(wallet: Wallet, amount: str = "250", by: User | None = None) -> Approval:
    """What waits for a second person."""
    answer = adjust(wallet, amount, by or make_user())
    assert answer.asked is not None and answer.number is None
    return answer.asked
