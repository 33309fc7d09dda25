"""Credit over time: expiry, the monthly allotment and its cycle dates, the welcome bonus."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction

from billing.models import Grant, GrantKind, Transaction, Wallet
from billing.selectors.balance import balance_of
from billing.services import grants, ledger
from billing.services.books import Note
from billing.services.cycles import cycle_after
from billing.services.wallets import open_wallet
from organizations.models import Account
from tests.billing.wallets import give, make_product, make_wallet, parts

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def test_the_welcome_bonus_is_given_once() -> None:
    wallet = make_wallet(make_product(welcome="0.50"))
    open_wallet(account=wallet.account)
    assert parts(wallet)["promo"] == D("0.5")
    assert Transaction.objects.filter(kind="welcome").count() == 1


def test_expired_credit_is_withdrawn_by_the_sweep() -> None:
    wallet = make_wallet(paid="1")
    moment = datetime.now(UTC)
    give(wallet, GrantKind.PROMO, "5", expires_at=moment + timedelta(days=1))
    with time_machine.travel(moment + timedelta(days=1, seconds=1), tick=False):
        assert grants.expire_due() == 1
        assert grants.expire_due() == 0
    assert parts(wallet) == {"paid": D(1), "promo": D(0), "allotment": D(0), "debt": D(0), "held": D(0)}
    assert Transaction.objects.get(kind="expiry").amount.amount == D(-5)


def test_expired_credit_pays_for_nothing_although_the_sweep_is_late() -> None:
    wallet = make_wallet(paid="1")
    moment = datetime.now(UTC)
    give(wallet, GrantKind.PROMO, "5", expires_at=moment + timedelta(days=1))
    with time_machine.travel(moment + timedelta(days=2), tick=False):
        assert balance_of(Wallet.objects.get(pk=wallet.pk)).available == D(1)
        with transaction.atomic():
            books, _ = ledger.open_books([wallet.pk])
            books.charge(books.wallets[wallet.pk], D("0.4"), Note("call", "charge:1"))
            ledger.write(books)
    assert parts(wallet)["paid"] == D("0.6")
    assert list(Transaction.objects.order_by("number").values_list("kind", flat=True)[2:]) == ["expiry", "call"]


def test_the_allotment_resets_on_the_cycle_date_and_nothing_carries_over() -> None:
    with time_machine.travel(START, tick=False):
        wallet = make_wallet(make_product(currency="CREDIT", allotment="100"))
        assert parts(wallet)["allotment"] == D(100)
        with transaction.atomic():
            books, _ = ledger.open_books([wallet.pk])
            books.charge(books.wallets[wallet.pk], D(30), Note("call", "charge:1"))
            ledger.write(books)
        assert grants.reset_due_allotments() == 0
    with time_machine.travel(datetime(2026, 2, 28, 0, 0, 1, tzinfo=UTC), tick=False):
        assert grants.reset_due_allotments() == 1
        assert grants.reset_due_allotments() == 0
    assert parts(wallet)["allotment"] == D(100)
    kinds = Transaction.objects.filter(wallet=wallet).order_by("number").values_list("kind", "amount")
    assert list(kinds) == [("allotment", D(100)), ("call", D(-30)), ("expiry", D(-70)), ("allotment", D(100))]


def test_a_sweep_that_slept_for_months_gives_one_allotment() -> None:
    with time_machine.travel(START, tick=False):
        wallet = make_wallet(make_product(currency="CREDIT", allotment="100"))
    with time_machine.travel(datetime(2026, 6, 15, tzinfo=UTC), tick=False):
        grants.reset_due_allotments()
        assert parts(wallet)["allotment"] == D(100)
        assert Wallet.objects.get().allotment_resets_at == datetime(2026, 6, 30, tzinfo=UTC)
    assert Grant.objects.filter(remaining__gt=0).count() == 1


def test_a_call_between_the_cycle_date_and_the_sweep_is_paid_by_the_new_allotment() -> None:
    with time_machine.travel(START, tick=False):
        wallet = make_wallet(make_product(currency="CREDIT", allotment="100"), paid="5")
    with time_machine.travel(datetime(2026, 2, 28, 0, 0, 20, tzinfo=UTC), tick=False):
        assert balance_of(Wallet.objects.get(pk=wallet.pk)).available == D(105)
        with transaction.atomic():
            books, _ = ledger.open_books([wallet.pk])
            books.charge(books.wallets[wallet.pk], D(30), Note("call", "charge:1"))
            ledger.write(books)
        assert parts(wallet) == {"paid": D(5), "promo": D(0), "allotment": D(70), "debt": D(0), "held": D(0)}
        assert wallet.allotment_resets_at == datetime(2026, 3, 31, tzinfo=UTC)
        assert grants.reset_due_allotments() == 0
    assert parts(wallet)["allotment"] == D(70)


def test_an_allotment_that_was_taken_away_ends_with_its_cycle() -> None:
    with time_machine.travel(START, tick=False):
        wallet = make_wallet(make_product(currency="CREDIT", allotment="100"))
        Wallet.objects.update(monthly_allotment=0)
    with time_machine.travel(datetime(2026, 2, 28, 0, 0, 20, tzinfo=UTC), tick=False):
        assert balance_of(Wallet.objects.get(pk=wallet.pk)).available == D(0)
        assert grants.reset_due_allotments() == 1
        assert grants.reset_due_allotments() == 0
    assert parts(wallet)["allotment"] == D(0)
    assert wallet.allotment_resets_at is None


def test_a_timezone_moved_west_neither_repeats_a_cycle_nor_stops_the_sweep() -> None:
    product = make_product(currency="CREDIT", allotment="100")
    with time_machine.travel(datetime(2026, 11, 1, 12, tzinfo=UTC), tick=False):
        wallet = make_wallet(product, timezone="Asia/Tokyo")
        after_it = make_wallet(product, timezone="Asia/Tokyo")
    Account.objects.filter(pk=wallet.account_id).update(timezone="America/New_York")
    with time_machine.travel(datetime(2026, 11, 30, 15, 0, tzinfo=UTC), tick=False):  # December in Tokyo only
        assert grants.reset_due_allotments() == 2
    assert (parts(wallet)["allotment"], parts(after_it)["allotment"]) == (D(100), D(100))
    with time_machine.travel(datetime(2026, 12, 1, 5, 0, tzinfo=UTC), tick=False):  # December in New York
        assert grants.reset_due_allotments() == 0
    wallet.refresh_from_db()
    assert wallet.allotment_resets_at == datetime(2027, 1, 1, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "moment", "zone", "expected"),
    [
        (date(2026, 1, 31), datetime(2026, 2, 1, tzinfo=UTC), "UTC", datetime(2026, 2, 28, tzinfo=UTC)),
        (date(2024, 1, 31), datetime(2024, 2, 1, tzinfo=UTC), "UTC", datetime(2024, 2, 29, tzinfo=UTC)),
        (date(2026, 1, 31), datetime(2026, 2, 28, tzinfo=UTC), "UTC", datetime(2026, 3, 31, tzinfo=UTC)),
        (date(2026, 12, 15), datetime(2026, 12, 15, 9, tzinfo=UTC), "UTC", datetime(2027, 1, 15, tzinfo=UTC)),
        (date(2026, 2, 8), datetime(2026, 3, 1, tzinfo=UTC), "America/New_York", datetime(2026, 3, 8, 5, tzinfo=UTC)),
        (
            date(2026, 2, 9),
            datetime(2026, 3, 9, 3, tzinfo=UTC),
            "America/New_York",
            datetime(2026, 3, 9, 4, tzinfo=UTC),
        ),
    ],
)
def test_cycle_dates(anchor: date, moment: datetime, zone: str, expected: datetime) -> None:
    assert cycle_after(anchor, moment, ZoneInfo(zone)) == expected
