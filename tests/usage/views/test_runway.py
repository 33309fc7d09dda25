"""How long the balance lasts, as the overview says it, and what it says that it is based on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from billing.models import AutoTopUp, Card, GrantKind, ProductTerms, TopUpTerms, TransactionKind, Wallet
from billing.services.credits import credit
from organizations.models import Account
from tests.usage.events import charge, event
from usage.views.runway import Runway

NOON = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)  # a Sunday
STEADY = dict.fromkeys(range(1, 15), 2)
STEADY_WORDS = "At $2.00 a day, the average of the last 14 full days, each weekday at its own pace."


@pytest.fixture
def account(bare_account: Callable[..., Account]) -> Account:
    with time_machine.travel(NOON - timedelta(days=40), tick=False):
        return bare_account("aipbx", paid="100")


def spend(account: Account, dollars: Mapping[int, int]) -> None:
    """Charge so much so many days ago, by speech recognition at $0.006 a minute."""
    for days_ago, amount in sorted(dollars.items(), reverse=True):
        moment = NOON - timedelta(days=days_ago)
        with time_machine.travel(moment, tick=False):
            charge("aipbx", event(account, occurred_at=moment, stt_seconds=amount * 10_000))


def runway(account: Account, reader: Callable[..., Client], **columns: Any) -> Runway:
    """The overview's, with these columns of the wallet."""
    if columns:
        Wallet.objects.filter(account=account).update(**columns)
    with time_machine.travel(NOON, tick=False):
        found = reader(account).get(reverse("overview")).context["runway"]
    assert isinstance(found, Runway)
    return found


def test_a_steady_pace_is_an_average_of_two_weeks(account: Account, reader: Callable[..., Client]) -> None:
    spend(account, STEADY)
    found = runway(account, reader)  # 72.00 left
    assert (found.length, found.until, found.basis) == ("36 days", "until April 20", [STEADY_WORDS])
    assert found.line.startswith("M0.0 3.0L")
    assert found.line.endswith("L100.0 55.0")


def test_a_weekend_shop_lasts_until_the_weekend_that_is_not_covered(
    account: Account, reader: Callable[..., Client]
) -> None:
    spend(account, {15: 20, 8: 20, 1: 20, 9: 10, 2: 10})  # Saturdays and Fridays
    found = runway(account, reader)  # 20.00 left: Friday takes 10, Saturday would take 20; on average four days
    assert (found.length, found.until) == ("6 days", "until March 21")
    assert found.basis[0].startswith("At $4.29 a day, the average of the last 14 full days")


def test_less_than_a_week_is_rough(account: Account, reader: Callable[..., Client]) -> None:
    spend(account, {4: 3, 3: 3, 1: 2})
    found = runway(account, reader)
    assert (found.length, found.basis) == (
        "46 days",
        ["At $2.00 a day, the average of the last 4 full days.", "Rough: less than a week of calls is known."],
    )


def test_a_pace_that_turns_gives_a_range(account: Account, reader: Callable[..., Client]) -> None:
    spend(account, {**dict.fromkeys(range(8, 15), 1), **dict.fromkeys(range(1, 8), 3)})
    found = runway(account, reader)  # 72.00 left, at 2.00 or at 3.00
    assert (found.length, found.until) == ("24 to 36 days", "April 8 to April 20")
    assert found.basis[1] == "Rough: it was $3.00 a day in the last 7 days and $1.00 in the 7 before."


def test_the_daily_cap_bounds_every_day(account: Account, reader: Callable[..., Client]) -> None:
    spend(account, STEADY)
    found = runway(account, reader, daily_cap=Decimal(1))
    assert (found.length, found.basis[1:]) == ("72 days", ["Never more than the daily cap of $1.00 a day."])
    assert runway(account, reader, daily_cap=Decimal(2)).basis == [STEADY_WORDS]


def test_promo_that_ends_unspent_is_not_counted_and_named(account: Account, reader: Callable[..., Client]) -> None:
    spend(account, STEADY)
    with time_machine.travel(NOON, tick=False):
        credit(
            wallet_id=account.wallet.pk,
            kind=GrantKind.PROMO,
            amount=Decimal(50),
            key="promo",
            transaction_kind=TransactionKind.PROMO,
            description="Gift",
            expires_at=NOON + timedelta(days=10),
        )
    found = runway(account, reader)  # ten days of promo, then 36 of paid money
    assert (found.length, found.basis[1]) == (
        "46 days",
        "Not counted: $30.00 of promo credit that would still be unspent when it ends after March 24.",
    )


def test_an_allotment_to_come_is_counted(account: Account, reader: Callable[..., Client]) -> None:
    spend(account, STEADY)
    coming = {"allotment_resets_at": NOON + timedelta(days=16, hours=-12), "allotment_anchor": date(2026, 3, 31)}
    found = runway(account, reader, monthly_allotment=Decimal(30), **coming)
    # 40 of 72 remain on March 31, 10 of it after the thirty days of that cycle; with the next 30 it is twenty days.
    assert found.basis[1] == "Counts $30.00 each month from March 31 on; what is left by then is not carried over."
    assert (found.length, found.until) == ("66 days", "until May 20")
    assert runway(account, reader, monthly_allotment=Decimal(62)).length == "More than a year"


def rule_with_card(account: Account) -> AutoTopUp:
    TopUpTerms.objects.filter(product=account.product).update(offers_auto_top_up=True)
    Card.objects.create(wallet=account.wallet, reference="pm_1", brand="Visa", last4="4242", exp_month=1, exp_year=2030)
    return AutoTopUp.objects.create(
        wallet=account.wallet, currency="USD", threshold=Decimal(20), amount=Decimal(50), status="on"
    )


def test_automatic_top_up_that_cannot_charge_promises_nothing(account: Account, reader: Callable[..., Client]) -> None:
    spend(account, STEADY)
    rule = rule_with_card(account)
    assert len(runway(account, reader).basis) == 3
    AutoTopUp.objects.filter(pk=rule.pk).update(next_attempt_at=NOON + timedelta(days=17))  # the ceiling is reached
    assert runway(account, reader).basis == [STEADY_WORDS]
    AutoTopUp.objects.filter(pk=rule.pk).update(next_attempt_at=None)
    assert runway(account, reader, is_frozen=True).basis == [STEADY_WORDS]
    Card.objects.update(removed_at=NOON)
    assert runway(account, reader, is_frozen=False).basis == [STEADY_WORDS]


def test_what_lies_below_the_floor_starts_no_call_and_is_not_counted(
    account: Account, reader: Callable[..., Client]
) -> None:
    spend(account, STEADY)
    ProductTerms.objects.filter(product=account.product).update(floor=Decimal(60))
    assert runway(account, reader).length == "6 days"  # 12 of the 72
    assert runway(account, reader, mode="postpay", credit_limit=Decimal(28)).length == "50 days"  # it has no floor


def test_credit_that_expired_a_moment_ago_is_not_lost_twice(account: Account, reader: Callable[..., Client]) -> None:
    spend(account, STEADY)
    with time_machine.travel(NOON - timedelta(hours=1), tick=False):
        credit(
            wallet_id=account.wallet.pk,
            kind=GrantKind.PROMO,
            amount=Decimal(50),
            key="promo",
            transaction_kind=TransactionKind.PROMO,
            description="Gift",
            expires_at=NOON - timedelta(seconds=1),
        )
    found = runway(account, reader)  # the sweep has not come yet
    assert (found.length, found.basis) == ("36 days", [STEADY_WORDS])


def test_automatic_top_up_makes_it_last(account: Account, reader: Callable[..., Client]) -> None:
    spend(account, STEADY)
    rule = rule_with_card(account)
    words = "Auto top-up adds $50.00 when less than $20.00 is left, so it lasts as long as the card is charged."
    found = runway(account, reader)
    assert found.basis[1:] == [words, "The next charge is expected about April 10."]
    AutoTopUp.objects.update(monthly_ceiling=Decimal(200))
    assert runway(account, reader).basis[-1] == "It adds $200.00 at most in a month."
    rule.status = "disabled"
    rule.save()
    assert runway(account, reader).basis == [STEADY_WORDS]


def test_a_credit_limit_is_what_a_postpaid_balance_lasts_to(account: Account, reader: Callable[..., Client]) -> None:
    spend(account, STEADY)
    found = runway(account, reader, mode="postpay", credit_limit=Decimal(28))
    assert (found.length, found.basis[1]) == ("50 days", "Until the credit limit of $28.00 is used up.")
