"""The daily cap follows the account's own days, whatever its clock does, and resumes by itself.

DESIGN.md, 'What must always be true', 18: "After the daily cap no new call is authorised until the account's midnight
or a higher cap." Asked over the API as services ask, and looked at as customers look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from billing.models import Hold, Wallet
from billing.services import holds
from billing.services.limits import set_limits
from organizations.models import Account
from tests.factories import ApiClient
from tests.usage.events import charge, event
from tests.usage.views.conftest import reader

__all__ = ["reader"]

CAP = D(1)
SECOND = timedelta(seconds=1)
# Where, and the first moments of a day and of the one after it.
DAYS = {
    "23 hours, New York": ("America/New_York", "2026-03-08T05:00", "2026-03-09T04:00"),
    "25 hours, New York": ("America/New_York", "2026-11-01T04:00", "2026-11-02T05:00"),
    "23 hours, Berlin": ("Europe/Berlin", "2026-03-28T23:00", "2026-03-29T22:00"),
    "25 hours, Berlin": ("Europe/Berlin", "2026-10-24T22:00", "2026-10-25T23:00"),
    "half an hour off, Kolkata": ("Asia/Kolkata", "2026-06-01T18:30", "2026-06-02T18:30"),
    "quarter of an hour off, Kathmandu": ("Asia/Kathmandu", "2026-06-01T18:15", "2026-06-02T18:15"),
    "no midnight, Cairo": ("Africa/Cairo", "2026-04-23T22:00", "2026-04-24T21:00"),
    "23 o'clock twice, Cairo": ("Africa/Cairo", "2026-10-28T21:00", "2026-10-29T22:00"),
    "no midnight, Santiago": ("America/Santiago", "2026-09-06T04:00", "2026-09-07T03:00"),
}


class Site:
    """One account as its service and its owner see it."""

    def __init__(self, account: Account, api: Callable[..., ApiClient], browser: Client) -> None:
        self.account = account
        self.api = api(account.product.slug)
        self.browser = browser

    def ask(self, call_id: str, **more: Any) -> str | None:
        """The reason for which the call may not start, or None."""
        body = {"account": self.account.external_id, "call_id": call_id, "channel": "phone", "direction": "inbound"}
        answer = self.api.post("/api/v1/calls/authorize", {**body, **more}).json()
        reason: str | None = answer["reason"]
        assert answer["allowed"] == (reason is None)
        return reason

    def release(self, call_id: str) -> None:
        assert self.api.post("/api/v1/calls/release", {"call_id": call_id}).status_code == 204

    def balance(self) -> tuple[bool, str | None]:
        """Whether the balance endpoint says that calls start, and why not."""
        answer = self.api.get(f"/api/v1/accounts/{self.account.external_id}/balance").json()
        return answer["accepting_calls"], answer["reason"]

    def spend(self, amount: D) -> None:
        """One call of so much: analytics at $0.002 and STT at $0.006 a minute."""
        charge("aipbx", event(self.account, stt_seconds=int(amount * 10_000)))

    def left(self) -> D:
        """What the limits page leaves of the cap, the same as the overview does."""
        left = self.browser.get(reverse("limits")).context["left"]
        assert self.browser.get(reverse("overview")).context["balance"].left_today == left
        return D(left)

    def banners(self) -> list[str]:
        """The titles above the overview."""
        return [each.title for each in self.browser.get(reverse("overview")).context["banners"]]


@pytest.fixture
def open_site(
    bare_account: Callable[..., Account], api: Callable[..., ApiClient], reader: Callable[..., Client]
) -> Callable[..., Site]:
    def make(product: str = "aipbx", **options: Any) -> Site:
        account = bare_account(product, **{"paid": "100", **options})
        return Site(account, api, reader(account))

    return make


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    with time_machine.travel(moment, tick=False):
        yield


def reached(site: Site, call_id: str) -> None:
    assert site.ask(call_id) == "daily_limit_reached"
    assert (site.balance(), site.left()) == ((False, "daily_limit_reached"), D(0))
    assert site.banners() == ["The daily cap of $1.00 is reached"]


def is_open(site: Site, call_id: str, left: D = CAP) -> None:
    assert (site.balance(), site.left(), site.banners()) == ((True, None), left, [])
    assert site.ask(call_id) is None
    site.release(call_id)


@pytest.mark.parametrize("name", DAYS)
def test_midnight_on_the_accounts_clock_resumes(open_site: Callable[..., Site], name: str) -> None:
    zone, *written = DAYS[name]
    first, last = (datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in written)
    with at(first - SECOND):
        site = open_site(timezone=zone, daily_cap=CAP)
        site.spend(CAP)
        reached(site, "the-day-before")
    with at(first):
        is_open(site, "first-second")
        site.spend(D("0.4"))
    with at(last - SECOND):
        is_open(site, "last-second", left=D("0.6"))
        site.spend(D("0.6"))
        reached(site, "same-second")
    with at(last):
        is_open(site, "the-day-after")


def test_a_call_that_goes_on_over_midnight_counts_on_both_days(open_site: Callable[..., Site]) -> None:
    midnight = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
    with at(midnight - SECOND):
        site = open_site(timezone="America/New_York", daily_cap=CAP)
        site.spend(D("0.75"))
        assert site.ask("c-1") is None
        reached(site, "c-2")
    with at(midnight):
        is_open(site, "c-3", left=D("0.75"))
    with at(midnight + SECOND):
        charge("aipbx", event(site.account, call_id="c-1", stt_seconds=2000))
        is_open(site, "c-4", left=D("0.8"))
        assert site.browser.get(reverse("limits")).context["spending"].spent_today == D("0.2")


def test_a_cap_that_calls_in_progress_reach_is_open_again_when_one_ends(open_site: Callable[..., Site]) -> None:
    site = open_site(daily_cap=CAP)
    assert [site.ask(f"c-{number}") for number in range(4)] == [None] * 4  # $0.25 each
    reached(site, "c-5")
    assert '<progress class="meter bad"' in site.browser.get(reverse("overview")).content.decode()
    site.release("c-2")
    assert (site.left(), site.ask("c-6")) == (D("0.25"), None)


def test_a_cap_below_what_is_spent_stops_and_a_higher_one_resumes_with_no_other_step(
    open_site: Callable[..., Site],
) -> None:
    site = open_site(daily_cap=D(50))
    site.spend(D(3))
    set_limits(wallet_id=site.account.wallet.pk, daily_cap=CAP, concurrency_limit=None, user_id=None)
    reached(site, "c-1")
    set_limits(wallet_id=site.account.wallet.pk, daily_cap=D("3.000001"), concurrency_limit=None, user_id=None)
    is_open(site, "c-2", left=D("0.000001"))
    set_limits(wallet_id=site.account.wallet.pk, daily_cap=D(3), concurrency_limit=None, user_id=None)
    assert site.ask("c-3") == "daily_limit_reached"
    set_limits(wallet_id=site.account.wallet.pk, daily_cap=None, concurrency_limit=None, user_id=None)
    assert (site.ask("c-4"), site.balance()) == (None, (True, None))


def test_the_last_money_under_the_cap_is_all_that_a_hold_takes(open_site: Callable[..., Site]) -> None:
    site = open_site(daily_cap=CAP)
    site.spend(D("0.9"))
    assert site.ask("c-1") is None
    assert Hold.objects.get().amount.amount == D("0.1")
    reached(site, "c-2")


def test_a_clock_that_is_behind_at_midnight_opens_no_second_day(open_site: Callable[..., Site]) -> None:
    midnight = datetime(2026, 6, 2, 0, 0, tzinfo=UTC)
    with at(midnight):
        site = open_site(daily_cap=CAP)
        site.spend(CAP)
    with at(midnight - SECOND):  # on another server
        reached(site, "c-1")
    with at(midnight + timedelta(days=1)):
        is_open(site, "c-2")


def test_calls_that_nobody_heard_of_again_count_until_they_expire(open_site: Callable[..., Site]) -> None:
    begun = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    with at(begun):
        site = open_site(concurrency_limit=2)
        assert (site.ask("c-1"), site.ask("c-2")) == (None, None)
        assert (site.ask("c-3"), site.balance()) == ("concurrency_limit_reached", (False, "concurrency_limit_reached"))
        assert site.banners() == ["2 calls are in progress, the most you allow"]
        assert "2 of 2" in site.browser.get(reverse("limits")).content.decode()
    with at(begun + timedelta(seconds=900)):
        assert holds.expire_due() == 2
        assert (site.balance(), site.banners()) == ((True, None), [])
        assert "0 of 2" in site.browser.get(reverse("limits")).content.decode()
        assert (site.ask("c-3"), site.ask("c-4"), site.ask("c-5")) == (None, None, "concurrency_limit_reached")


def test_sandbox_calls_count_towards_no_limit(open_site: Callable[..., Site]) -> None:
    site = open_site(
        "aitelier", paid="5", projects={"pilot": "sandbox", "desk": "live"}, daily_cap=CAP, concurrency_limit=1
    )
    charge("aitelier", event(site.account, project="pilot", outcome="success"))
    charge("aitelier", event(site.account, project="pilot", outcome="success"))
    assert [site.ask(f"s-{number}", project="pilot") for number in range(3)] == [None] * 3
    assert (site.balance(), site.left(), site.banners()) == ((True, None), CAP, [])
    assert site.ask("c-1", project="desk") is None
    assert site.ask("c-2", project="desk") == "concurrency_limit_reached"
    assert site.ask("s-4", project="pilot") is None
    assert Wallet.objects.get(account=site.account).held_calls == 1
