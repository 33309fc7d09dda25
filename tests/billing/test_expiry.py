"""Cards and promo credit are told of before they expire, each step once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from billing.models import AutoTopUp, AutoTopUpStatus, Card, GrantKind
from billing.services.expiry import card_step, tell_due
from notifications.models import Event, Notice
from organizations.models import Account
from tests.billing.wallets import give
from tests.usage.events import charge, event

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    """A customer whose rule charges a card that ends with April 2026."""
    account = make_account("aitelier", timezone="America/New_York")
    AutoTopUp.objects.create(wallet=account.wallet, currency="USD", status=AutoTopUpStatus.ON, threshold=10, amount=50)
    Card.objects.create(
        wallet=account.wallet,
        reference="pm_1",
        brand="Visa",
        last4="4242",
        exp_month=4,
        exp_year=2026,
        is_default=True,
    )
    return account


def told(event: Event) -> list[dict[str, str]]:
    return list(Notice.objects.filter(event=event).order_by("id").values_list("facts", flat=True))


@pytest.mark.parametrize(("left", "step"), [(31, None), (30, 30), (8, 30), (7, 7), (1, 7), (0, 7), (-1, 0), (-30, 0)])
def test_a_step_holds_until_the_next(left: int, step: int | None) -> None:
    assert card_step(left) == step


def test_a_card_is_told_of_a_month_a_week_and_a_day_too_late(account: Account) -> None:
    counts = []
    with time_machine.travel(datetime(2026, 3, 30, 12, tzinfo=UTC), tick=False) as clock:
        for _day in range(35):
            counts.append(tell_due())
            clock.shift(timedelta(days=1))
    # 31, then 30 days before the 30th of April; a week before it; the first of May
    assert [day for day, count in enumerate(counts) if count] == [1, 24, 32]
    assert told(Event.CARD_EXPIRING) == [{"card": "Visa ending 4242", "expires_on": "2026-04-30"}] * 3


def test_the_last_day_is_the_accounts_own(account: Account) -> None:
    with time_machine.travel(datetime(2026, 5, 1, 3, 59, tzinfo=UTC), tick=False):  # still April in New York
        tell_due()
    assert Notice.objects.get().key.endswith(":7")
    with time_machine.travel(datetime(2026, 5, 1, 4, 1, tzinfo=UTC), tick=False):
        tell_due()
    assert Notice.objects.count() == 2
    with time_machine.travel(datetime(2026, 6, 2, 12, tzinfo=UTC), tick=False):
        assert tell_due() == 0


@pytest.mark.parametrize("change", [{"is_default": False}, {"removed_at": datetime(2026, 4, 1, tzinfo=UTC)}])
def test_a_card_that_nothing_charges_is_no_news(account: Account, change: dict[str, object]) -> None:
    Card.objects.update(**change)
    with time_machine.travel(datetime(2026, 4, 28, tzinfo=UTC), tick=False):
        assert tell_due() == 0


def test_a_rule_that_is_off_charges_no_card(account: Account) -> None:
    AutoTopUp.objects.update(status=AutoTopUpStatus.OFF)
    with time_machine.travel(datetime(2026, 4, 28, tzinfo=UTC), tick=False):
        assert tell_due() == 0


def test_promo_credit_is_told_of_a_week_and_a_day_before_with_what_is_left(
    make_account: Callable[..., Account],
) -> None:
    with time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC), tick=False) as clock:
        account = make_account("aipbx", paid="5")
        give(account.wallet, GrantKind.PROMO, "3", expires_at=datetime(2026, 3, 20, 9, tzinfo=UTC))
        give(account.wallet, GrantKind.PROMO, "2")  # without end
        counts = []
        for _day in range(22):
            counts.append(tell_due())
            clock.shift(timedelta(days=1))
    assert [day for day, count in enumerate(counts) if count] == [13, 19]
    first, second = told(Event.GRANT_EXPIRING)
    assert first == second
    assert (Decimal(first["amount"]), first["kind"], first["currency"]) == (Decimal(3), "promo", "USD")
    assert first["expires_at"] == "2026-03-20T09:00:00+00:00"


def test_credit_that_is_used_up_is_no_news(make_account: Callable[..., Account]) -> None:
    with time_machine.travel(datetime(2026, 3, 19, tzinfo=UTC), tick=False):
        account = make_account("aipbx")
        give(account.wallet, GrantKind.PROMO, "3", expires_at=datetime(2026, 3, 20, tzinfo=UTC))
        charge("aipbx", event(account, tts_seconds=12000))
        account.wallet.refresh_from_db()
        assert account.wallet.promo.amount == 0
        assert tell_due() == 0
