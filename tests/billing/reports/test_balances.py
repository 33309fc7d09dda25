"""Balances of any moment are what its transfers add up to, whatever was summed up before and whenever."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest
from django.db import connection
from django.db.utils import DatabaseError
from django.utils import timezone

from billing.models import GrantKind, LedgerAccountKind, LedgerDay, Transaction, Transfer, Wallet
from billing.selectors.reports import balances
from billing.services import ledger_days
from billing.services.credits import adjust
from billing.verification.run import verify
from tests.billing.wallets import give, make_product, make_wallet
from tests.statements import sent_statements

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def some_wallets(monkeypatch: pytest.MonkeyPatch) -> list[Wallet]:
    """Three wallets of two products with eighty random movements over ten days."""
    rng = random.Random(7)
    first, second = make_product(), make_product(currency="EUR")
    moment = NOW - timedelta(days=10)
    monkeypatch.setattr(timezone, "now", lambda: moment)
    wallets = [make_wallet(product) for product in (first, first, second)]
    for number in range(80):
        moment += timedelta(hours=rng.randint(1, 5), seconds=rng.randint(0, 3000))
        moment = min(moment, NOW)
        wallet = rng.choice(wallets)
        if rng.random() < 0.6:
            give(wallet, rng.choice(list(GrantKind)), f"{rng.randint(1, 10**7)}e-4")
        elif (left := Wallet.objects.get(pk=wallet.pk).paid.amount) > 1:
            amount = -(left / 3).quantize(D("0.000001"))
            adjust(wallet_id=wallet.pk, amount=amount, key=f"a{number}", reason="Correction", actor_id=None)
    return wallets


def expanded(before: datetime) -> dict[tuple[int, int], tuple[D, D]]:
    """Debits and credits of every ledger account, transfer by transfer."""
    sums: dict[tuple[int, int], list[D]] = defaultdict(lambda: [D(0), D(0)])
    for one in Transfer.objects.filter(transaction__created_at__lt=before):
        sums[one.wallet_id, one.source_id % 16][0] += one.amount.amount
        sums[one.wallet_id, one.target_id % 16][1] += one.amount.amount
    return {key: (debit, credit) for key, (debit, credit) in sums.items()}


def by_product(before: datetime) -> dict[tuple[int, str, int], tuple[D, D]]:
    sums: dict[tuple[int, str, int], list[D]] = defaultdict(lambda: [D(0), D(0)])
    for (wallet_id, kind), (debit, credit) in expanded(before).items():
        wallet = Wallet.objects.select_related("account").get(pk=wallet_id)
        key = (wallet.account.product_id, wallet.currency, kind)
        sums[key][0] += debit
        sums[key][1] += credit
    return {key: (debit, credit) for key, (debit, credit) in sums.items()}


def shown(before: datetime) -> dict[tuple[int, str, int], tuple[D, D]]:
    return {
        (line.product_id, line.currency, line.kind.value): (line.debit, line.credit)
        for line in balances.trial_balance(before)
    }


def moments() -> list[datetime]:
    midnights = [datetime(2026, 3, day, tzinfo=UTC) for day in range(9, 22)]
    created = list(Transaction.objects.values_list("created_at", flat=True)[::9])
    return [*midnights, *created, *(moment + timedelta(microseconds=1) for moment in created)]


@pytest.mark.parametrize("summed_up", ["never", "at once", "in pieces", "few at once"])
def test_the_trial_balance_of_any_moment_is_the_sum_of_its_transfers(
    monkeypatch: pytest.MonkeyPatch, summed_up: str
) -> None:
    some_wallets(monkeypatch)
    if summed_up == "at once":
        assert ledger_days.take_days() == LedgerDay.objects.count() > 10
    elif summed_up == "in pieces":
        for day in (12, 13, 17):
            ledger_days.take_days(before=datetime(2026, 3, day, tzinfo=UTC).date())
    elif summed_up == "few at once":
        monkeypatch.setattr(ledger_days, "TRANSACTIONS_AT_ONCE", 3)
        with sent_statements() as sent:
            assert ledger_days.take_days() == LedgerDay.objects.count() > 10
        assert len(sent) > 10
    for moment in moments():
        assert shown(moment) == by_product(moment), moment
        for currency in ("USD", "EUR"):
            balance = [line.balance for line in balances.trial_balance(moment) if line.currency == currency]
            assert sum(balance, D(0)) == 0
    assert verify(["ledger_days_equal_transfers", "ledger_days_are_over"]) == []


def test_liabilities_are_each_accounts_own_and_agree_with_its_wallet(monkeypatch: pytest.MonkeyPatch) -> None:
    wallets = some_wallets(monkeypatch)
    ledger_days.take_days()
    for moment in (*moments()[::3], NOW + timedelta(days=1)):
        sums = expanded(moment)
        found = {one.wallet_id: (one.paid, one.promo, one.allotment, -one.owed) for one in balances.liabilities(moment)}
        expected = {
            wallet.pk: tuple(
                sums[wallet.pk, kind][1] - sums[wallet.pk, kind][0] if (wallet.pk, kind) in sums else 0
                for kind in (1, 2, 3, 4)
            )
            for wallet in wallets
        }
        assert found == {key: value for key, value in expected.items() if any(value)}
    (one,) = balances.liabilities(NOW + timedelta(days=1), account_id=wallets[0].account_id)
    wallet = Wallet.objects.get(pk=wallets[0].pk)
    assert (one.paid, one.promo, one.allotment) == (wallet.paid.amount, wallet.promo.amount, wallet.allotment.amount)


def test_what_is_committed_late_is_found_behind_the_day_that_was_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = NOW
    monkeypatch.setattr(timezone, "now", lambda: moment)
    wallet = make_wallet(paid="10")
    assert ledger_days.take_days(before=NOW.date() + timedelta(days=1)) == 1
    give(wallet, GrantKind.PAID, "5")  # of the same day, after it was summed up
    moment = NOW + timedelta(days=1)
    give(wallet, GrantKind.PAID, "2")
    end = ledger_days.end_of(NOW.date())
    assert [one.paid for one in balances.liabilities(end)] == [D(15)]
    assert ledger_days.take_days(before=NOW.date() + timedelta(days=2)) == 1
    assert [one.paid for one in balances.liabilities(end)] == [D(15)]
    assert [day.balance(LedgerAccountKind.PAID) for day in LedgerDay.objects.order_by("day")] == [D(10), D(17)]
    assert verify(["ledger_days_equal_transfers", "ledger_days_are_over"]) == []


def test_a_day_is_summed_up_once_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    make_wallet(paid="10")
    assert ledger_days.take_days() == 0  # today is not over
    assert ledger_days.take_days(before=NOW.date() + timedelta(days=1)) == 1
    assert ledger_days.take_days(before=NOW.date() + timedelta(days=1)) == 0
    with pytest.raises(DatabaseError, match="ledger rows are only ever added"), connection.cursor() as cursor:
        cursor.execute("UPDATE billing_ledgerday SET last_number = 7")


BREAKS = [
    ("ledger_days_equal_transfers", "UPDATE billing_ledgerday SET credits[1] = credits[1] + 0.000001"),
    ("ledger_days_equal_transfers", "UPDATE billing_ledgerday SET last_number = last_number + 1"),
    ("ledger_days_equal_transfers", "UPDATE billing_transfer SET amount = amount + 1"),
    ("ledger_days_are_over", "UPDATE billing_ledgerday SET day = day - 1"),
    ("ledger_days_are_over", "UPDATE billing_ledgerday SET currency = 'EUR'"),
]


@pytest.mark.parametrize(("name", "damage"), BREAKS)
def test_sums_that_were_changed_are_found(monkeypatch: pytest.MonkeyPatch, name: str, damage: str) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    make_wallet(paid="10")
    ledger_days.take_days(before=NOW.date() + timedelta(days=1))
    assert verify([name]) == []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(damage)
    (finding,) = verify([name])
    assert finding.rows
