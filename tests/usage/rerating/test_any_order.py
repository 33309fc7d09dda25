"""Money after any order of charges, corrections and reversals: the ledger is the sum of the events, to the digit."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest
from django.db.models import Sum

from billing.models import GrantKind, Transaction, TransactionKind
from billing.services.credits import credit
from billing.verification.run import verify
from tests.usage.events import charge, event
from tests.usage.rerating.jobs import ask, carry_out, chosen, corrected, period_of
from usage.models import DailyUsage, Rerating, UsageEvent
from usage.services.void import void

pytestmark = pytest.mark.django_db
USAGE = ("call", "void")


@pytest.mark.parametrize("seed", range(4))
def test_the_ledger_is_the_sum_of_the_events(bare_account: Callable[..., Any], seed: int) -> None:
    chance = random.Random(seed)
    account = bare_account("aipbx", paid="0.05", promo="0.03")
    for step in range(14):
        _step(chance, account, step)
    charged = UsageEvent.objects.filter(status="accepted").aggregate(total=Sum("total"))["total"] or D(0)
    moved = Transaction.objects.filter(wallet=account.wallet, kind__in=USAGE).aggregate(total=Sum("amount"))["total"]
    assert charged == -(moved or D(0))
    assert DailyUsage.objects.aggregate(total=Sum("spent"))["total"] == charged
    account.wallet.refresh_from_db()
    assert account.wallet.spent_today.amount == charged
    assert verify() == []


def _step(chance: random.Random, account: Any, step: int) -> None:
    standing = list(UsageEvent.objects.filter(status="accepted").order_by("id"))
    kind = chance.choice(["call", "call", "price", "price", "some", "void", "void some", "top up"])
    if kind == "call" or not standing:
        charge("aipbx", event(account, event_id=f"e{step}", llm_input_tokens=chance.randrange(1000, 9000)))
    elif kind == "price":
        corrected(account, "llm_input", f"0.0{chance.randrange(1, 99):02}", hours_ago=1)
        rerate_all(period_of(account))
    elif kind == "some":
        corrected(account, "llm_input", f"0.0{chance.randrange(1, 99):02}", hours_ago=1)
        rerate_all(chosen(chance.sample(standing, k=(len(standing) + 1) // 2)))
    elif kind == "void":
        void(event=chance.choice(standing), reason="Test", actor_id=None)
    elif kind == "void some":
        rerate_all(chosen(chance.sample(standing, k=1)), Rerating.Mode.VOID)
    else:
        credit(
            wallet_id=account.wallet.pk,
            kind=GrantKind.PAID,
            amount=D("0.07"),
            key=f"top-up-{step}",
            transaction_kind=TransactionKind.CREDIT,
            description="Test",
        )


def rerate_all(*scope: Any) -> None:
    """The job, where it found anything."""
    job = ask(*scope)
    if job.found:
        carry_out(job)
