"""Wallets under contention, on real threads; and the proof that it is the lock which keeps them right."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.models import GrantKind, Hold, Transaction, Wallet
from billing.services import holds, ledger, locking
from billing.services.books import Note
from billing.verification.run import verify
from organizations.database import run
from organizations.models import Service
from tests.billing.test_state_machine import BILLING_RULES
from tests.billing.threads import PATIENCE, at_once
from tests.billing.wallets import give, make_product, make_wallet, parts

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 32


@pytest.fixture
def without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wallets are read as ever, and locked no more."""
    unlocked = locking.LOCK_WALLETS.replace("FOR NO KEY UPDATE OF w", "")
    assert unlocked != locking.LOCK_WALLETS
    monkeypatch.setattr(locking, "LOCK_WALLETS", unlocked)


def charge(wallets: list[Wallet], key: str, amount: str, between: Callable[[], Any] = lambda: None) -> None:
    """One transaction that charges all the wallets; `between` runs when they were read and nothing is written yet."""
    with transaction.atomic():
        books, _ = ledger.open_books([wallet.pk for wallet in wallets])
        between()
        for wallet in wallets:
            books.charge(books.wallets[wallet.pk], Decimal(amount), Note("call", key, "Call"))
        ledger.write(books)


def place(wallet: Wallet, service: Service, call_id: str, between: Callable[[], Any] = lambda: None) -> None:
    """One hold of a quarter."""
    with transaction.atomic():
        books, _ = ledger.open_books([wallet.pk])
        between()
        placing = holds.place_statement(
            books, wallet_id=wallet.pk, service_id=service.pk, call_id=call_id, project_id=None, amount=Decimal("0.25"),
            expires_at=timezone.now() + timedelta(minutes=5), request={}, answer={},
        )  # fmt: skip
        run(placing)
        ledger.write(books)


def numbers(wallet: Wallet) -> list[int]:
    return list(Transaction.objects.filter(wallet=wallet).order_by("number").values_list("number", flat=True))


def test_one_wallet_takes_all_charges_of_many_clients() -> None:
    wallet = make_wallet(paid="10", promo="1")
    calls = [partial(charge, [wallet], f"charge:{n}", "0.25") for n in range(CLIENTS)]
    assert at_once(calls) == [None] * CLIENTS
    assert parts(wallet) == {
        "paid": Decimal(3),
        "promo": Decimal(0),
        "allotment": Decimal(0),
        "debt": Decimal(0),
        "held": Decimal(0),
    }
    assert numbers(wallet) == list(range(1, CLIENTS + 3))
    assert verify(BILLING_RULES) == []


def test_charges_beyond_the_balance_add_up_to_the_exact_debt() -> None:
    wallet = make_wallet(paid="1")
    at_once([partial(charge, [wallet], f"charge:{n}", "0.1") for n in range(CLIENTS)])
    assert parts(wallet)["debt"] == Decimal("2.2")
    assert verify(BILLING_RULES) == []


def test_batches_over_the_same_wallets_in_opposite_orders_do_not_deadlock() -> None:
    product = make_product()
    wallets = [make_wallet(product, paid="10") for _ in range(8)]
    calls = [partial(charge, wallets if n % 2 else wallets[::-1], f"charge:{n}", "0.125") for n in range(CLIENTS)]
    assert at_once(calls) == [None] * CLIENTS
    assert [parts(wallet)["paid"] for wallet in wallets] == [Decimal(6)] * 8
    assert verify(BILLING_RULES) == []


def test_the_same_credit_from_many_clients_is_given_once() -> None:
    wallet = make_wallet()
    answers = at_once([lambda: give(wallet, GrantKind.PAID, "5", key="payment:1") for _ in range(CLIENTS)])
    assert sorted(answers, key=str) == [1] + [None] * (CLIENTS - 1)
    assert parts(wallet)["paid"] == Decimal(5)


def test_holds_charges_credits_and_sweeps_mix() -> None:
    product = make_product()
    service = Service.objects.create(product=product, slug="pbx", name="PBX")
    wallets = [make_wallet(product, paid="5") for _ in range(4)]

    def client(number: int) -> None:
        wallet = wallets[number % 4]
        place(wallet, service, f"call-{number}")
        charge([wallet], f"charge:{number}", "0.5")
        if number % 2:
            holds.release(service_id=service.pk, call_id=f"call-{number}")
        holds.expire_due()
        give(wallet, GrantKind.PROMO, "0.25", key=f"promo:{number}")

    assert at_once([partial(client, n) for n in range(CLIENTS)]) == [None] * CLIENTS
    for index, wallet in enumerate(wallets):
        held = Decimal("0.25") * (0 if index % 2 else CLIENTS // 4)
        wallet.refresh_from_db()
        balance = wallet.paid.amount + wallet.promo.amount - wallet.debt.amount
        assert (balance, wallet.held.amount) == (Decimal(5) - Decimal("0.25") * (CLIENTS // 4), held)
    assert verify(BILLING_RULES) == []


def test_a_call_that_is_released_from_many_sides_ends_once() -> None:
    product = make_product()
    service = Service.objects.create(product=product, slug="pbx", name="PBX")
    wallet = make_wallet(product, paid="5")
    place(wallet, service, "call")
    at_once([lambda: holds.release(service_id=service.pk, call_id="call") for _ in range(CLIENTS)])
    assert (parts(wallet)["held"], Hold.objects.get().status) == (Decimal(0), "released")


def test_the_invariants_hold_while_the_load_runs() -> None:
    wallet = make_wallet(paid="100")
    ended = threading.Event()

    def load(number: int) -> list[Any]:
        try:
            for step in range(10):
                charge([wallet], f"charge:{number}-{step}", "0.01")
        finally:
            ended.set()
        return []

    def watch() -> list[Any]:
        found: list[Any] = []
        while not found and not ended.is_set():
            found = verify(BILLING_RULES)
        return found or verify(BILLING_RULES)

    clients: list[Callable[[], list[Any]]] = [watch, watch, *[partial(load, n) for n in range(6)]]
    assert [answer for answer in at_once(clients) if answer != []] == []
    assert parts(wallet)["paid"] == Decimal("99.4")


# If these two fail, the race does not happen in the tests above, and they prove nothing.


def test_without_the_lock_two_charges_collide(without_the_lock: None) -> None:
    wallet = make_wallet(paid="10")
    both_have_read = threading.Barrier(2, timeout=PATIENCE)
    calls = [partial(charge, [wallet], f"charge:{n}", "1", both_have_read.wait) for n in range(2)]
    failed = [answer for answer in at_once(calls) if answer is not None]
    assert [type(answer) for answer in failed] == [IntegrityError]
    assert "transaction_number" in str(failed[0])


def test_without_the_lock_a_hold_is_lost_and_verification_finds_it(without_the_lock: None) -> None:
    product = make_product()
    service = Service.objects.create(product=product, slug="pbx", name="PBX")
    wallet = make_wallet(product, paid="10")
    both_have_read = threading.Barrier(2, timeout=PATIENCE)
    calls = [partial(place, wallet, service, f"call-{n}", both_have_read.wait) for n in range(2)]
    assert at_once(calls) == [None, None]
    assert Hold.objects.filter(status="active").count() == 2
    assert parts(wallet)["held"] == Decimal("0.25"), "two holds, and one of them is forgotten"
    assert [found.name for found in verify(BILLING_RULES)] == ["held_equals_holds"]


def test_with_the_lock_the_second_waits_until_the_first_has_written() -> None:
    wallet = make_wallet(paid="10")
    first_has_read, second_asks = threading.Event(), threading.Event()
    order: list[str] = []

    def hold_it_open() -> None:
        first_has_read.set()
        assert second_asks.wait(PATIENCE)
        order.append("first writes")

    def second() -> None:
        assert first_has_read.wait(PATIENCE)
        second_asks.set()
        charge([wallet], "charge:2", "1", lambda: order.append("second has read"))

    assert at_once([lambda: charge([wallet], "charge:1", "1", hold_it_open), second]) == [None, None]
    assert order == ["first writes", "second has read"]
    assert parts(wallet)["paid"] == Decimal(8)


def test_a_wallet_that_is_charged_keeps_no_other_waiting() -> None:
    product = make_product()
    one, other = make_wallet(product, paid="5"), make_wallet(product, paid="5")
    other_is_done = threading.Event()

    def second() -> None:
        give(other, GrantKind.PAID, "1")
        other_is_done.set()

    def first() -> None:
        charge([one], "charge:1", "1", lambda: other_is_done.wait(PATIENCE))

    at_once([first, second])
    assert other_is_done.is_set()
    assert (parts(one)["paid"], parts(other)["paid"]) == (Decimal(4), Decimal(6))
