"""Cards and promo credit are told of before they expire, each step once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import AutoTopUp, AutoTopUpStatus, Card, GrantKind
from billing.providers.base import CardFacts
from billing.services import cards
from billing.services.expiry import card_step, tell_due
from notifications.models import Event, Incident, Notice
from notifications.services.incidents import dismiss
from organizations.models import Account
from tests.billing.wallets import give
from tests.factories import make_member
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


# The banner.


@pytest.fixture
def warned(account: Account) -> Iterator[Account]:
    """It is the 28th of April, and the banner is open."""
    with time_machine.travel(datetime(2026, 4, 28, 12, tzinfo=UTC), tick=False):
        tell_due()
        assert Incident.objects.get(resolved_at=None).subject == f"card:{Card.objects.get().pk}"
        yield account


def banners() -> int:
    return Incident.objects.filter(kind="card", resolved_at=None).count()


def facts(account: Account, reference: str = "pm_1", **changes: Any) -> CardFacts:
    return replace(CardFacts(reference, account.pk, "visa", "4242", 4, 2026), **changes)


def test_a_banner_that_was_dismissed_comes_back_with_the_next_step(account: Account) -> None:
    seen = []
    with time_machine.travel(datetime(2026, 4, 22, 12, tzinfo=UTC), tick=False) as clock:
        for _day in range(10):
            tell_due()
            (incident,) = Incident.objects.filter(resolved_at=None)
            if incident.dismissed_at is None:
                seen.append(timezone.now().date().isoformat())
                dismiss(incident=incident, user=make_member(account))
            clock.shift(timedelta(days=1))
    assert seen == ["2026-04-22", "2026-04-23", "2026-05-01"]


def test_the_banner_stays_while_nothing_changes(warned: Account) -> None:
    tell_due()
    assert cards.sync(facts=facts(warned)) is not None
    assert banners() == 1


def test_a_card_with_new_dates_needs_no_banner(warned: Account) -> None:
    cards.sync(facts=facts(warned, exp_year=2030))
    assert banners() == 0


def test_a_card_that_is_gone_needs_no_banner(warned: Account) -> None:
    cards.sync(facts=facts(warned, is_removed=True))
    assert banners() == 0


def test_another_default_card_needs_no_banner(warned: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "_keeper", Mock)
    other = cards.sync(facts=facts(warned, "pm_2", exp_year=2030))
    assert other is not None and banners() == 1
    cards.make_default(wallet_id=warned.wallet.pk, card_id=other.pk)
    assert banners() == 0


def test_a_card_that_nothing_charges_any_more_needs_no_banner(warned: Account) -> None:
    AutoTopUp.objects.update(status=AutoTopUpStatus.OFF)
    tell_due()
    assert banners() == 0


def test_the_banner_says_what_follows_and_leads_to_the_cards(warned: Account, client: Client) -> None:
    client.force_login(make_member(warned))
    (banner,) = [each for each in client.get(reverse("overview")).context["banners"] if "Visa" in each.title]
    assert (banner.tone, banner.title) == ("warn", "Visa ending 4242 expires on Apr 30, 2026")
    assert banner.text == (
        "From then on, what is paid automatically will fail with it. Add the new card and make it the default."
    )
    assert [(each.label, each.href) for each in banner.actions] == [
        ("Change the card", "/billing/auto-top-up/#saved-cards")
    ]
    with time_machine.travel(datetime(2026, 5, 1, 12, tzinfo=UTC), tick=False):
        titles = [each.title for each in client.get(reverse("overview")).context["banners"]]
    assert "Visa ending 4242 expired on Apr 30, 2026" in titles


# Promo credit.


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
