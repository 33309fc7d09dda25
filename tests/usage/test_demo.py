"""Demo customers: a month of usage, charged by the charge service and dated when it happened."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from billing.models import Transaction
from organizations.models import Account, Membership, User
from usage.models import RejectedEvent, UsageEvent

pytestmark = pytest.mark.django_db

DAYS = 6


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr("usage.services.demo.accounts.DAYS", DAYS)  # a short month, to be quick
    call_command("load_products", "aitelier", "--demo", stdout=StringIO())
    return Account.objects.get(external_id="harbor-dental")


def test_the_month_is_charged_in_order_and_nothing_is_refused(account: Account) -> None:
    days = Transaction.objects.filter(wallet=account.wallet, kind="call").values_list("day", flat=True).distinct()
    assert len(set(days)) >= DAYS - 1
    moments = list(
        Transaction.objects.filter(wallet=account.wallet).order_by("number").values_list("created_at", flat=True)
    )
    assert moments == sorted(moments)
    assert timezone.now() - moments[0] >= timedelta(days=DAYS)
    assert not RejectedEvent.objects.exists()
    types = set(UsageEvent.objects.values_list("event_type", flat=True))
    assert {"call.completed", "chat.message", "chat.hour"} <= types


def test_sandbox_usage_is_simulated_and_moves_no_money(account: Account) -> None:
    simulated = UsageEvent.objects.filter(project__mode="sandbox")
    assert simulated.exists()
    assert not simulated.filter(is_simulated=False).exists()
    assert not simulated.filter(transaction__isnull=False).exists()


def test_the_ledger_of_a_demo_customer_holds_every_invariant(account: Account) -> None:
    account.wallet.refresh_from_db()
    last = Transaction.objects.filter(wallet=account.wallet).latest("number")
    balance = account.wallet.paid + account.wallet.promo + account.wallet.allotment - account.wallet.debt
    assert balance.amount > Decimal(0)
    assert last.balance_after == balance
    call_command("verify_ledger", stdout=StringIO())


def test_loading_again_adds_no_usage(account: Account) -> None:
    events, transactions = UsageEvent.objects.count(), Transaction.objects.count()
    call_command("load_products", "aitelier", "--demo", stdout=StringIO())
    assert (UsageEvent.objects.count(), Transaction.objects.count()) == (events, transactions)


def test_the_owner_can_sign_in_and_nobody_is_invited(account: Account) -> None:
    owner = User.objects.get(email="maria@harbor-dental.example")
    assert owner.check_password("demo-password")
    assert not owner.is_staff
    assert Membership.objects.get(user=owner).role == "owner"
    assert (account.email, account.invitations.count()) == ("maria@harbor-dental.example", 0)
