"""A year of accounts in several time zones: every charge is on one invoice, and the books are sound at its end."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
import time_machine

from billing.models import BillingPeriod, Document, GrantKind, PeriodStatus, Transaction, Wallet
from billing.services.postpay import closing, minding, paying
from billing.services.postpay.lines import Window, usage_of
from billing.verification.run import verify
from tests.billing.postpay.accounts import call, switched
from tests.billing.postpay.test_closing import give, taxed
from tests.factories import open_test_account
from tests.usage.events import key_of
from usage.models import UsageEvent
from usage.services.void import void_event

pytestmark = pytest.mark.django_db

ZONES = ["America/Los_Angeles", "Europe/London", "Asia/Kolkata", "Pacific/Kiritimati"]
STEP = timedelta(hours=61)
START, END = datetime(2027, 11, 20, tzinfo=UTC), datetime(2028, 12, 10, tzinfo=UTC)  # with a 29 February


def test_a_year_closes_with_every_charge_on_one_invoice(products: dict[str, Any]) -> None:
    taxed("7.25")
    dice = random.Random(6)
    with time_machine.travel(START, tick=False):
        accounts = [open_test_account(products["aitelier"], timezone=zone) for zone in ZONES]
        for account in accounts:
            switched(account, credit_limit=D(10_000))
    now, number = START, 0
    while now < END:
        with time_machine.travel(now, tick=False):
            closing.close_due()
            minding.check_due()
            for account in accounts:
                number += 1
                late = timedelta(hours=dice.choice([0, 0, 1, 30, 60, 200]))
                happened = max(now - late, START)
                outcome = dice.choice(["success", "conversation", "spam"])
                call(account, outcome, occurred_at=happened, event_id=f"e-{number}")
                if dice.random() < 0.1:
                    void_event(key=key_of("aitelier"), source="pbx", event_id=_some_event(dice, account), reason="Test")
                if dice.random() < 0.05:
                    give(account, GrantKind.PROMO, "0.37", f"promo-{number}")
                if dice.random() < 0.05:
                    give(account, GrantKind.PAID, "1.115", f"paid-{number}")
            for period in BillingPeriod.objects.filter(status__in=["open", "overdue"]):
                if dice.random() < 0.05:
                    _pay(period, dice, number)
        now += STEP
    with time_machine.travel(END + timedelta(days=30), tick=False):
        closing.close_due()
        for account in accounts:
            _check_account(Wallet.objects.select_related("account").get(account=account))
        assert verify() == []
    closed = BillingPeriod.objects.filter(closed_at__isnull=False)
    assert closed.count() == 14 * len(accounts)
    assert Document.objects.filter(kind="invoice").count() == closed.filter(total__gt=0).count()


def _some_event(dice: random.Random, account: Any) -> str:
    return dice.choice(list(UsageEvent.objects.filter(account=account).values_list("event_id", flat=True)))


def _pay(period: BillingPeriod, dice: random.Random, number: int) -> None:
    paying.record_transfer(
        period_id=period.pk,
        amount=dice.choice([period.to_pay, D("0.50"), period.to_pay + 1]),
        received_on=datetime.now(UTC).date(),
        bank_reference=f"ref-{number}",
        user_id=None,
    )


def _check_account(wallet: Wallet) -> None:
    """Periods join without gap; usage of all of them and of none yet is what the ledger charged."""
    periods = list(BillingPeriod.objects.filter(wallet=wallet).order_by("id"))
    for before, after in itertools.pairwise(periods):
        assert (before.ends_at, before.ends_on + timedelta(days=1)) == (after.starts_at, after.starts_on)
    running = periods[-1]
    assert [period.status for period in periods if period.closed_at is None] == [PeriodStatus.DRAFT]
    usage_kinds = ["call", "chat", "crawl", "llm", "void"]
    charged = -sum(
        Transaction.objects.filter(wallet=wallet, kind__in=usage_kinds).values_list("amount", flat=True), D(0)
    )
    last = periods[-2]
    rest = Window(
        wallet_id=wallet.pk,
        account_id=wallet.account_id,
        since_number=running.since_number,
        last_number=wallet.last_number,
        starts_at=running.starts_at,
        ends_at=END + timedelta(days=400),
        invoiced_number=last.last_number or 0,
        invoiced_until=last.ends_at,
    )
    invoiced = sum((period.usage.amount for period in periods), D(0))
    assert invoiced + usage_of(rest).total == charged
