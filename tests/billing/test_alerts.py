"""A wallet's alerts: at the crossing, once, and again only after the wallet was clear of the level by a margin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
import time_machine
from django.db import DataError

from billing.models import GrantKind, Wallet
from billing.providers.base import DisputeFacts
from billing.services import calls, disputes, grants, refunds
from billing.services.credits import adjust
from billing.services.limits import set_alerts, set_limits
from billing.verification.run import verify
from notifications.models import Notice
from organizations.models import Account
from organizations.services.accounts import change_account
from tests.billing.news import News
from tests.billing.refunds.paid import pay_by_bank, spend
from tests.billing.test_ledger import charge, reverse
from tests.billing.wallets import give, make_product, make_wallet

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
REFUSED = "calls_refused: insufficient_balance"
CAP_STOPS = "calls_refused to services: daily_limit_reached"
FROZEN = "calls_refused to services: wallet_frozen"
CREDIT_STOPS = "calls_refused to services: credit_limit_reached"
RULES = ["alerts_have_notices", "calls_are_told_by_turns", "alerts_agree_with_balances"]

# A wallet, and what is told as it is charged and topped up.
STORIES: dict[str, tuple[dict[str, str], list[tuple[str, list[str]]]]] = {
    "low, once an episode": (
        {"paid": "20", "alert_below": "10"},
        [
            ("-9", []),
            ("-1", []),  # at the threshold, not below it
            ("-0.000001", ["low_balance"]),
            ("-5", []),
            ("+6", []),  # above it, not clear of it
            ("-2", []),
            ("+2.000001", []),  # 11: clear
            ("-1.000001", ["low_balance"]),
        ],
    ),
    "zero": (
        {"paid": "1"},
        [("-0.999999", []), ("-0.000001", [REFUSED]), ("-1", []), ("+2", ["calls_accepted"]), ("-1", [REFUSED])],
    ),
    "the product's floor": (
        {"paid": "3", "floor": "1"},
        [
            ("-2", []),
            ("-0.01", [REFUSED]),
            ("-2", []),
            ("+2.06", ["calls_accepted"]),  # 1.05: not clear of it
            ("-0.1", ["calls_refused to services: insufficient_balance"]),
            ("+1", ["calls_accepted"]),
            ("-1", [REFUSED]),
        ],
    ),
    "low and used up by one call": (
        {"paid": "12", "alert_below": "10"},
        [("-13", ["low_balance", REFUSED]), ("+50", ["calls_accepted"]), ("-45", ["low_balance"])],
    ),
    "the daily cap": (
        {"paid": "100", "daily_cap": "10"},
        [("-7.999999", []), ("-0.000001", ["cap_near"]), ("-1", []), ("-1", ["cap_reached", CAP_STOPS]), ("-5", [])],
    ),
    "the whole cap by one call": (
        {"paid": "100", "daily_cap": "10"},
        [("-10", ["cap_reached", CAP_STOPS]), ("-1", [])],
    ),
    "the cap, and then the balance": (
        {"paid": "12", "daily_cap": "10"},
        [("-11", ["cap_reached", CAP_STOPS]), ("-1", ["calls_refused to people: insufficient_balance"]), ("+9", [])],
    ),
    "the cap and the balance by one call": (
        {"paid": "12", "daily_cap": "10"},
        [("-12", ["cap_reached", CAP_STOPS, "calls_refused to people: insufficient_balance"])],
    ),
    "a credit limit": (
        {"mode": "postpay", "credit_limit": "10", "alert_below": "10"},
        [
            ("-7.999999", []),
            ("-0.000001", ["credit_near"]),
            ("-2", ["credit_reached", CREDIT_STOPS]),
            ("-1", []),
            ("+1.5", ["calls_accepted"]),  # 9.50 used: not clear of it
            ("-0.5", [CREDIT_STOPS]),
            ("+5", ["calls_accepted"]),
            ("-5", ["credit_reached", CREDIT_STOPS]),
        ],
    ),
}


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _what_was_told_is_what_happened() -> Iterator[None]:
    yield
    assert verify(RULES) == []


def wallet_with(
    *, mode: str = "prepaid", credit_limit: str = "0", floor: str = "0", paid: str = "0", timezone: str = "UTC",
    alert_below: str | None = None, daily_cap: str | None = None,
) -> tuple[Wallet, News]:  # fmt: skip
    wallet = make_wallet(make_product(floor=D(floor)), paid=paid, timezone=timezone)
    if mode != "prepaid":
        Wallet.objects.filter(pk=wallet.pk).update(mode=mode, credit_limit=D(credit_limit))
        assert calls.settle_due() == 1
    if daily_cap is not None:
        set_limits(wallet_id=wallet.pk, daily_cap=D(daily_cap), concurrency_limit=None, user_id=None)
    if alert_below is not None:
        set_alerts(wallet_id=wallet.pk, alert_below=D(alert_below), user_id=None)
    return wallet, News(wallet)


_keys = iter(range(10**9))


def move(wallet: Wallet, amount: str) -> str:
    """A charge or a payment of so much; the charge's key."""
    key = f"charge:{next(_keys)}"
    if D(amount) < 0:
        charge(wallet, amount.removeprefix("-"), key)
    else:
        give(wallet, GrantKind.PAID, amount.removeprefix("+"))
    return key


@pytest.mark.parametrize("name", STORIES)
def test_an_alert_fires_at_the_crossing_and_again_when_it_was_clear_of_it(name: str) -> None:
    state, steps = STORIES[name]
    wallet, news = wallet_with(**state)
    heard = []
    for amount, _expected in steps:
        move(wallet, amount)
        heard.append((amount, news()))
    assert heard == steps


def test_a_new_wallet_is_no_news_and_its_first_money_is() -> None:
    wallet = make_wallet()
    assert Notice.objects.count() == 0
    assert calls.settle_due() == 0
    give(wallet, GrantKind.PAID, "5")
    assert list(Notice.objects.values_list("event", flat=True)) == ["calls_accepted"]
    make_wallet(make_product(welcome="5"))
    make_wallet(make_product(allotment="5"))
    assert Notice.objects.count() == 1


def test_a_notice_says_what_there_is() -> None:
    wallet, _news = wallet_with(paid="12", alert_below="10", daily_cap="50", floor="0.5")
    move(wallet, "-3.25")
    notice = Notice.objects.get(event="low_balance")
    assert (notice.account_id, notice.key, notice.audience, notice.created_at) == (
        wallet.account_id, f"wallet:{wallet.pk}:2", "everyone", NOON,
    )  # fmt: skip
    assert notice.facts == {
        "currency": "USD", "balance": "8.750000", "spent": "3.250000", "threshold": "10.000000", "cap": "50.000000",
        "floor": "0.500000",
    }  # fmt: skip


def test_what_is_undone_tells_nobody() -> None:
    wallet, news = wallet_with(paid="12", alert_below="10")
    with pytest.raises(DataError):
        charge(wallet, "3", "too long for a key" * 10)
    assert news() == []
    move(wallet, "-3")
    assert news() == ["low_balance"]


# A setting that moves a level past the balance is no crossing.


def test_a_threshold_above_the_balance_is_told_of_after_the_balance_was_clear_of_it() -> None:
    wallet, news = wallet_with(paid="5")
    assert set_alerts(wallet_id=wallet.pk, alert_below=D(10), user_id=None)
    assert not set_alerts(wallet_id=wallet.pk, alert_below=D(10), user_id=None)
    move(wallet, "-1")
    move(wallet, "+6.5")  # 10.50: not clear
    move(wallet, "-1")
    assert news() == []
    move(wallet, "+1.5")
    move(wallet, "-1.01")
    assert news() == ["low_balance"]


def test_a_new_threshold_starts_anew() -> None:
    wallet, news = wallet_with(paid="12", alert_below="10")
    move(wallet, "-3")
    set_alerts(wallet_id=wallet.pk, alert_below=D("8.5"), user_id=None)
    move(wallet, "-1")
    assert news() == ["low_balance", "low_balance"]
    set_alerts(wallet_id=wallet.pk, alert_below=None, user_id=None)
    move(wallet, "-8")
    assert news() == [REFUSED]


def test_a_cap_below_what_was_spent_stops_calls_and_a_higher_one_lets_them_start() -> None:
    wallet, news = wallet_with(paid="100", daily_cap="20")
    move(wallet, "-12")
    limits: dict[str, Any] = {"wallet_id": wallet.pk, "concurrency_limit": None, "user_id": None}
    assert set_limits(daily_cap=D(10), **limits)
    assert news() == [CAP_STOPS]
    assert set_limits(daily_cap=D(13), **limits)  # 92% of it, which is no news either
    assert news() == ["calls_accepted"]
    move(wallet, "-1")
    assert news() == ["cap_reached", CAP_STOPS]
    assert set_limits(daily_cap=None, **limits)
    assert news() == ["calls_accepted"]


# Everything that moves money goes through the books.


def test_credit_that_expires_takes_the_balance_below_its_threshold(clock: Any) -> None:
    wallet, news = wallet_with(paid="8", alert_below="10")
    give(wallet, GrantKind.PROMO, "8", expires_at=NOON + timedelta(days=1))
    clock.shift(timedelta(days=1))
    assert grants.expire_due() == 1
    assert news() == ["low_balance"]


def test_credit_that_expired_counts_in_the_charge_that_finds_it(clock: Any) -> None:
    wallet, news = wallet_with(paid="8", alert_below="10")
    give(wallet, GrantKind.PROMO, "8", expires_at=NOON + timedelta(days=1))
    clock.shift(timedelta(days=1))
    move(wallet, "-1")
    assert news() == ["low_balance"]


def test_a_new_allotment_lets_calls_start_again_and_is_told_of_once_when_it_is_used_up(clock: Any) -> None:
    wallet = make_wallet(make_product(allotment="5"))
    news = News(wallet)
    set_alerts(wallet_id=wallet.pk, alert_below=D(2), user_id=None)
    move(wallet, "-5")
    assert news() == ["low_balance", REFUSED]
    clock.move_to(datetime(2026, 4, 15, tzinfo=UTC))
    assert grants.reset_due_allotments() == 1
    assert news() == ["calls_accepted", "allotment_reset"]
    move(wallet, "-4")
    assert news() == ["low_balance"]


def test_an_allotment_that_is_replaced_was_never_gone(clock: Any) -> None:
    wallet = make_wallet(make_product(allotment="5"))
    set_alerts(wallet_id=wallet.pk, alert_below=D(2), user_id=None)
    news = News(wallet)
    clock.move_to(datetime(2026, 4, 15, tzinfo=UTC))
    move(wallet, "-1")
    assert news() == ["allotment_reset"]


def test_a_charge_that_is_taken_back_lets_calls_start_again() -> None:
    wallet, news = wallet_with(paid="10", daily_cap="10")
    key = move(wallet, "-9")
    move(wallet, "-1")
    assert news() == [
        "cap_near", "cap_reached", CAP_STOPS, "calls_refused to people: insufficient_balance",
    ]  # fmt: skip
    reverse(wallet, key)
    assert news() == ["calls_accepted"]
    move(wallet, "-9")
    assert news() == ["cap_reached", CAP_STOPS, "calls_refused to people: insufficient_balance"]


def test_a_correction_by_staff_crosses_like_a_charge() -> None:
    wallet, news = wallet_with(paid="10", alert_below="5")
    adjust(wallet_id=wallet.pk, amount=D(-6), reason="Credited twice", actor_id=None, key="adjust:1")
    assert news() == ["low_balance"]
    adjust(wallet_id=wallet.pk, amount=D(-4), reason="Credited twice", actor_id=None, key="adjust:2")
    assert news() == [REFUSED]


def test_a_refund_takes_the_balance_down(make_account: Callable[..., Account]) -> None:
    account = make_account("aitelier", email="owner@acme.example")
    payment = pay_by_bank(account, "50")
    set_alerts(wallet_id=account.wallet.pk, alert_below=D(10), user_id=None)
    spend(account, "20")
    news = News(account.wallet)
    refunds.refund_payment(payment_id=payment.pk, amount=D(25), reason="Closing", user_id=None)
    assert news() == ["low_balance"]


def test_a_dispute_stops_calls_until_it_is_won(make_account: Callable[..., Account]) -> None:
    account = make_account("aitelier", email="owner@acme.example")
    payment = pay_by_bank(account, "50")
    news = News(account.wallet)

    def settle(status: str) -> None:
        facts = DisputeFacts("dp_1", payment.reference, "", D(50), "USD", status, "fraudulent", NOON)
        assert disputes.settle(facts=facts, provider="bank") is not None

    settle("opened")
    settle("opened")
    assert news() == [FROZEN]
    to_people = Notice.objects.filter(event__in=("dispute", "calls_refused")).exclude(audience="services")
    assert list(to_people.values_list("event", flat=True)) == ["dispute"]  # which says that no call starts
    settle("won")
    settle("won")
    assert news() == ["calls_accepted"]


def test_a_dispute_that_is_lost_leaves_a_wallet_that_is_empty(make_account: Callable[..., Account]) -> None:
    account = make_account("aitelier", email="owner@acme.example")
    payment = pay_by_bank(account, "50")
    give(account.wallet, GrantKind.PROMO, "1")
    news = News(account.wallet)
    for status, told in (("opened", [FROZEN]), ("lost", ["calls_accepted"])):
        facts = DisputeFacts("dp_1", payment.reference, "", D(50), "USD", status, "fraudulent", NOON)
        disputes.settle(facts=facts, provider="bank")
        assert news() == told
    spend(account, "1")
    assert news() == [REFUSED]


# Days.

MIDNIGHTS = {
    "23 hours, New York": ("America/New_York", "2026-03-08T17:00", "2026-03-09T04:00"),
    "25 hours, New York": ("America/New_York", "2026-11-01T17:00", "2026-11-02T05:00"),
    "no midnight, Santiago": ("America/Santiago", "2026-09-05T17:00", "2026-09-06T04:00"),
    "23 o'clock twice, Cairo": ("Africa/Cairo", "2026-10-29T17:00", "2026-10-29T22:00"),
    "the end of February, Kolkata": ("Asia/Kolkata", "2026-02-28T10:00", "2026-02-28T18:30"),
    "the end of the year, Auckland": ("Pacific/Auckland", "2026-12-31T03:00", "2026-12-31T11:00"),
}


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize("name", MIDNIGHTS)
def test_calls_start_again_at_the_accounts_midnight_and_the_new_day_is_told_of_anew(name: str, clock: Any) -> None:
    zone, noon, midnight = MIDNIGHTS[name]
    clock.move_to(at(noon))
    wallet, news = wallet_with(paid="100", daily_cap="10", timezone=zone)
    move(wallet, "-9")
    move(wallet, "-1")
    assert news() == ["cap_near", "cap_reached", CAP_STOPS]
    clock.move_to(at(midnight) - SECOND)
    assert calls.settle_due() == 0
    clock.move_to(at(midnight))
    assert (calls.settle_due(), calls.settle_due()) == (1, 0)
    assert news() == ["calls_accepted"]
    move(wallet, "-8.5")
    assert news() == ["cap_near"]


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("-1", ["calls_accepted"]),
        ("-8", ["cap_near", "calls_accepted"]),
        ("-10", ["cap_reached"]),  # calls never started again
    ],
)
def test_the_first_charge_of_a_day_sees_that_yesterdays_cap_is_over(amount: str, told: list[str], clock: Any) -> None:
    wallet, news = wallet_with(paid="100", daily_cap="10")
    move(wallet, "-10")
    assert news() == ["cap_reached", CAP_STOPS]
    clock.move_to(at("2026-03-16T00:00"))
    move(wallet, amount)
    assert news() == told


def test_moving_to_another_timezone_within_the_day_tells_what_the_new_day_has_spent(clock: Any) -> None:
    clock.move_to(at("2026-03-15T23:30"))
    wallet, news = wallet_with(paid="100", daily_cap="10")
    move(wallet, "-10")
    assert news() == ["cap_reached", CAP_STOPS]
    clock.move_to(at("2026-03-16T00:30"))
    change_account(account_id=wallet.account_id, name="Acme", timezone="Asia/Kolkata", language="", user_id=None)
    assert news() == []  # the charge was made at 05:00 of the same day there
    move(wallet, "-1")
    assert news() == []
