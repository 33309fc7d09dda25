"""Accounts with money that was really paid: by bank transfer without any network, or on the stand-in's page."""

from __future__ import annotations

import itertools
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils import timezone

from billing.models import Payment, ProviderEvent, Refund, Transaction
from billing.services import bank, inbox, refunds, top_ups
from billing.verification.run import verify
from organizations.models import Account
from tests.billing.test_ledger import charge
from tests.billing.topups.paying import open_page, press_pay
from tests.billing.wallets import parts
from tests.factories import make_user

if TYPE_CHECKING:
    from tests.billing.conftest import StripeWorld

_numbers = itertools.count(1)


def pay_by_bank(account: Account, amount: str) -> Payment:
    """An invoice that staff marked paid."""
    user = make_user()
    top_up = top_ups.start(
        wallet_id=account.wallet.pk, amount=Decimal(amount), provider="bank", organization_id=None, saves_card=False,
        user_id=user.pk,
    )  # fmt: skip
    top_up = top_ups.submit(top_up_id=top_up.pk)
    return bank.record_transfer(
        top_up_id=top_up.pk, amount=top_up.total.amount, received_on=timezone.now().date(),
        bank_reference=f"B{top_up.pk}", user_id=user.pk,
    )  # fmt: skip


def pay_by_card(stripe: StripeWorld, account: Account, amount: str = "50") -> Payment:
    """A payment on Stripe's page, credited by look-up; its webhooks wait."""
    top_up = open_page(account, amount)
    assert press_pay(top_up) == 303
    top_ups.check(top_up_id=top_up.pk)
    return Payment.objects.get(top_up=top_up)


WANT_EVENTS = ("charges_belong_to_events", "roll_ups_equal_ledger")


def spend(account: Account, amount: str) -> None:
    """Usage of so much."""
    charge(account.wallet, amount, key=f"charge:{next(_numbers)}")


def balance(account: Account) -> tuple[Decimal, Decimal]:
    """What is left, and what is owed."""
    found = parts(account.wallet)
    return found["paid"] + found["promo"], found["debt"]


def broken_rules() -> list[str]:
    """The invariants that do not hold, but for those that want an event behind each charge: `spend` has none."""
    return [finding.name for finding in verify() if finding.name not in WANT_EVENTS]


def keys(account: Account, kind: str) -> list[str]:
    """The ledger's keys of the wallet's transactions of a kind, oldest first."""
    return list(
        Transaction.objects.filter(wallet=account.wallet, kind=kind).order_by("number").values_list("key", flat=True)
    )


def deliver(stripe: StripeWorld) -> None:
    """Deliver and handle every webhook that waits."""
    assert set(stripe.deliver()) <= {200}
    inbox.handle_due()


def time_passes(hours: int = 2) -> None:
    """All that waits for its next try is due."""
    earlier = timezone.now() - timedelta(hours=hours)
    Refund.objects.filter(next_check_at__isnull=False).update(next_check_at=earlier)
    ProviderEvent.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=earlier)


def send(refund: Refund) -> Refund:
    """What the worker does with an approved refund."""
    return refunds.submit(refund_id=refund.pk)
