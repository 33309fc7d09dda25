"""The books: grants in their order, debt, reversals, and the chain, through the services that write them."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.transaction import TransactionManagementError

from billing.models import Grant, GrantKind, HourlyMovement, Transaction, Transfer, Wallet
from billing.services import chain, ledger
from billing.services.books import Note
from billing.services.credits import adjust
from tests.billing.wallets import give, make_product, make_wallet, parts

pytestmark = pytest.mark.django_db


def charge(wallet: Wallet, amount: str, key: str = "charge:1") -> None:
    with transaction.atomic():
        books, _ = ledger.open_books([wallet.pk])
        books.charge(books.wallets[wallet.pk], D(amount), Note("call", key, "Call"))
        ledger.write(books)


def reverse(wallet: Wallet, key: str) -> None:
    with transaction.atomic():
        books, _ = ledger.open_books([wallet.pk])
        charged = Transaction.objects.get(wallet=wallet, key=key)
        rows = charged.transfers.values_list("source_id", "target_id", "amount", "grant_id")
        grants = ledger.load_grants(books, [row[3] for row in rows if row[3]])
        books.reverse(books.wallets[wallet.pk], list(rows), grants, Note("void", f"void:{key}"), spent_on=charged.day)
        ledger.write(books)


def test_promo_is_spent_before_paid_money() -> None:
    wallet = make_wallet(paid="5", promo="0.5")
    charge(wallet, "0.7")
    assert parts(wallet) == {"paid": D("4.8"), "promo": D(0), "allotment": D(0), "debt": D(0), "held": D(0)}
    drawn = Transfer.objects.filter(transaction__key="charge:1").order_by("id").values_list("grant__kind", "amount")
    assert list(drawn) == [("promo", D("0.5")), ("paid", D("0.2"))]


def test_what_expires_first_is_spent_first_and_paid_money_last() -> None:
    wallet = make_wallet(paid="1")
    soon, later = datetime.now(UTC) + timedelta(days=1), datetime.now(UTC) + timedelta(days=9)
    give(wallet, GrantKind.PROMO, "1", key="never")
    give(wallet, GrantKind.PROMO, "1", key="later", expires_at=later)
    give(wallet, GrantKind.ALLOTMENT, "1", key="soon", expires_at=soon)
    charge(wallet, "3.5")
    drawn = Transfer.objects.filter(transaction__key="charge:1").order_by("id")
    assert [(t.grant.source, t.amount.amount) for t in drawn] == [  # type: ignore[union-attr]
        ("soon", D(1)),
        ("later", D(1)),
        ("never", D(1)),
        (Grant.objects.get(kind="paid").source, D("0.5")),
    ]


def test_a_charge_beyond_the_balance_becomes_debt_that_the_next_payment_settles() -> None:
    wallet = make_wallet(paid="1")
    charge(wallet, "1.8")
    assert parts(wallet)["debt"] == D("0.8")
    give(wallet, GrantKind.PROMO, "3")
    assert parts(wallet)["debt"] == D("0.8"), "promo never turns into money that pays a debt"
    give(wallet, GrantKind.PAID, "10", key="pay")
    assert parts(wallet) == {"paid": D("9.2"), "promo": D(3), "allotment": D(0), "debt": D(0), "held": D(0)}
    assert Grant.objects.get(source="pay").remaining.amount == D("9.2")


def test_a_reversal_gives_each_grant_back_what_was_taken_from_it() -> None:
    wallet = make_wallet(paid="5", promo="0.5")
    charge(wallet, "0.7")
    reverse(wallet, "charge:1")
    assert parts(wallet) == {"paid": D(5), "promo": D("0.5"), "allotment": D(0), "debt": D(0), "held": D(0)}
    assert wallet.spent_today.amount == D(0)
    assert {g.kind: g.remaining.amount for g in Grant.objects.all()} == {"paid": D(5), "promo": D("0.5")}


def test_a_reversed_debt_that_was_settled_comes_back_as_paid_money() -> None:
    wallet = make_wallet(paid="1")
    charge(wallet, "3")
    give(wallet, GrantKind.PAID, "10")
    reverse(wallet, "charge:1")
    assert parts(wallet)["paid"] == D(11)
    assert parts(wallet)["debt"] == D(0)


def test_a_reversal_while_in_debt_pays_the_debt_first() -> None:
    wallet = make_wallet(paid="5")
    charge(wallet, "5", "charge:1")
    charge(wallet, "3", "charge:2")
    reverse(wallet, "charge:1")
    assert parts(wallet) == {"paid": D(2), "promo": D(0), "allotment": D(0), "debt": D(0), "held": D(0)}


def test_transactions_are_numbered_without_gaps_and_carry_the_balance() -> None:
    wallet = make_wallet(paid="5")
    charge(wallet, "1", "charge:1")
    charge(wallet, "1.25", "charge:2")
    rows = Transaction.objects.filter(wallet=wallet).order_by("number")
    assert [(t.number, t.amount.amount, t.balance_after.amount) for t in rows] == [
        (1, D(5), D(5)),
        (2, D(-1), D(4)),
        (3, D("-1.25"), D("2.75")),
    ]


def test_the_same_key_credits_once() -> None:
    wallet = make_wallet()
    assert give(wallet, GrantKind.PAID, "5", key="once") == 1
    assert give(wallet, GrantKind.PAID, "5", key="once") is None
    with pytest.raises(ValidationError, match="was used for 5 before"):
        give(wallet, GrantKind.PAID, "6", key="once")
    assert parts(wallet)["paid"] == D(5)


def test_the_chain_links_each_transaction_to_the_one_before() -> None:
    wallet = make_wallet(paid="5")
    charge(wallet, "1")
    first, second = Transaction.objects.filter(wallet=wallet).order_by("number")
    content = chain.payload(
        wallet_id=wallet.pk,
        number=2,
        kind="call",
        key="charge:1",
        currency="USD",
        amount=D(-1),
        balance_after=D(4),
        project_id=None,
        description="Call",
        reason="",
        actor_id=None,
        day=second.day,
        created_at=second.created_at,
        transfers=list(second.transfers.values_list("source_id", "target_id", "amount", "grant_id")),
    )
    assert bytes(second.hash) == hashlib.sha256(bytes(first.hash) + content).digest()
    assert bytes(Wallet.objects.get(pk=wallet.pk).chain_head) == bytes(second.hash)


def test_the_hash_of_a_transaction_is_pinned() -> None:
    content = chain.payload(
        wallet_id=7,
        number=1,
        kind="call",
        key="charge:|1",
        currency="USD",
        amount=D("-0.046"),
        balance_after=D("9.954"),
        project_id=3,
        description="LLM, ₽|x",
        reason="",
        actor_id=None,
        day=date(2026, 3, 15),
        created_at=datetime(2026, 3, 15, 10, 4, 0, 1, tzinfo=UTC),
        transfers=[(113, 117, D("0.046"), 5)],
    )
    expected = (
        "7|1|call|9:charge:|1|USD|-0.046000|9.954000|3|8:LLM, ₽|x|0:||2026-03-15|1773569040000001;113>117:0.046000:5"
    )
    assert content.decode() == expected


def test_an_adjustment_needs_a_reason_and_never_takes_more_than_there_is() -> None:
    wallet = make_wallet(paid="5")
    with pytest.raises(ValidationError, match="Say why"):
        adjust(wallet_id=wallet.pk, amount=D(1), reason=" ", actor_id=None, key="a")
    with pytest.raises(ValidationError, match="at most"):
        adjust(wallet_id=wallet.pk, amount=D("-5.000001"), reason="Wrong credit", actor_id=None, key="a")
    assert Transaction.objects.filter(wallet=wallet).count() == 1
    assert adjust(wallet_id=wallet.pk, amount=D(-5), reason="Wrong credit", actor_id=None, key="a") == 2
    assert parts(wallet)["paid"] == D(0)


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "0.0000001", "100000000000000"])
def test_a_credit_of_a_bad_amount_is_refused(amount: str) -> None:
    wallet = make_wallet()
    with pytest.raises(ValidationError):
        give(wallet, GrantKind.PAID, amount)
    assert not Transaction.objects.exists()


def test_credits_are_whole() -> None:
    wallet = make_wallet(make_product(currency="CREDIT"))
    with pytest.raises(ValidationError, match="whole"):
        give(wallet, GrantKind.PROMO, "1.5")
    give(wallet, GrantKind.PROMO, "2")
    assert parts(wallet)["promo"] == D(2)


def test_paid_money_never_expires() -> None:
    wallet = make_wallet()
    with pytest.raises(ValidationError, match="never expires"):
        give(wallet, GrantKind.PAID, "1", expires_at=datetime.now(UTC) + timedelta(days=1))


def test_the_hourly_roll_up_sums_what_was_posted() -> None:
    wallet = make_wallet(paid="5")
    charge(wallet, "1", "charge:1")
    charge(wallet, "1.25", "charge:2")
    row = HourlyMovement.objects.get(wallet=wallet, kind="call")
    assert (row.count, row.amount.amount, row.first_number, row.last_number) == (2, D("-2.25"), 2, 3)
    assert row.balance_after.amount == D("2.75")


@pytest.mark.django_db(transaction=True)
def test_wallets_are_locked_inside_a_transaction_only() -> None:
    with pytest.raises(TransactionManagementError):
        ledger.open_books([1])
