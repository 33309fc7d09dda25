"""The first page: its parts add up, its figures are the ledger's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from billing.models import GrantKind, TransactionKind
from billing.services.credits import credit
from organizations.models import Account
from tests.usage.events import charge, event, key_of, question
from usage.models import UsageEvent
from usage.services.authorize import authorize
from usage.services.void import void

MINUS = "\N{MINUS SIGN}"
NOON = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
QUERIES_AT_MOST = 15


def charge_on(moment: datetime, account: Account, cents: int = 10, **data: Any) -> None:
    """One call of so many cents (analytics at $0.002 and STT at $0.006 a minute), charged at `moment`."""
    with time_machine.travel(moment, tick=False):
        charge("aipbx", event(account, occurred_at=moment, stt_seconds=cents * 100, **data))


@pytest.fixture
def account(bare_account: Callable[..., Account]) -> Account:
    with time_machine.travel(NOON - timedelta(days=40), tick=False):
        return bare_account("aipbx", paid="100", promo="2", timezone="America/New_York", daily_cap=Decimal(20))


def test_the_parts_add_up_to_what_is_available(account: Account, reader: Callable[..., Client]) -> None:
    with time_machine.travel(NOON, tick=False):
        authorize(key=key_of("aipbx"), request=question(account, "c-live"))
        context = reader(account).get(reverse("overview")).context
    parts = [amount for _label, amount in context["parts"]]
    assert parts == [Decimal(100), Decimal(2), Decimal("-0.25")]
    assert sum(parts) == context["balance"].available == Decimal("101.75")


def test_debt_and_allotment_are_parts_too(bare_account: Callable[..., Account], reader: Callable[..., Client]) -> None:
    account = bare_account("aipbx", paid="0.01")
    charge("aipbx", event(account, stt_seconds=1000))
    credit(
        wallet_id=account.wallet.pk,
        kind=GrantKind.ALLOTMENT,
        amount=Decimal(3),
        key="allotment",
        transaction_kind=TransactionKind.ALLOTMENT,
        description="Monthly allotment",
    )
    context = reader(account).get(reverse("overview")).context
    assert [amount for _label, amount in context["parts"]] == [Decimal(0), Decimal(3), Decimal(0), Decimal("-0.09")]
    assert context["balance"].available == Decimal("2.91")


def test_the_month_is_compared_with_the_same_days_of_the_last(account: Account, reader: Callable[..., Client]) -> None:
    charge_on(datetime(2026, 2, 10, 15, tzinfo=UTC), account, 20)
    charge_on(datetime(2026, 2, 20, 15, tzinfo=UTC), account, 40)  # after the 15th: not compared
    charge_on(datetime(2026, 3, 2, 15, tzinfo=UTC), account, 10, llm_input_tokens=1000)
    charge_on(datetime(2026, 3, 3, 15, tzinfo=UTC), account, 30)
    with time_machine.travel(NOON, tick=False):
        response = reader(account).get(reverse("overview"))
    month, before = response.context["month"], response.context["before"]
    assert (month.spent, month.calls, month.tokens) == (Decimal("0.405"), 2, Decimal(1000))
    assert month.average_per_call == Decimal("0.2025")
    assert (before.spent, before.calls) == (Decimal("0.2"), 1)
    assert response.context["before_span"] == "Feb 1\N{THIN SPACE}\N{EN DASH}\N{THIN SPACE}15"


def test_the_day_is_the_accounts_own(account: Account, reader: Callable[..., Client]) -> None:
    charge_on(datetime(2026, 3, 15, 3, 30, tzinfo=UTC), account, 50)  # March 14, 23:30 in New York
    charge_on(datetime(2026, 3, 15, 4, 30, tzinfo=UTC), account, 30)
    with time_machine.travel(NOON, tick=False):
        context = reader(account).get(reverse("overview")).context
    assert context["balance"].spent_today == Decimal("0.3")
    assert [used for *_place, used in context["hours"]] == [True, *[False] * 23]
    assert {bar.day.day.day: bar.day.spent for bar in context["chart"].bars if bar.day.spent} == {
        14: Decimal("0.5"),
        15: Decimal("0.3"),
    }


def test_three_days_make_a_pace_and_two_do_not(account: Account, reader: Callable[..., Client]) -> None:
    client = reader(account)
    for day in (11, 12):
        charge_on(datetime(2026, 3, day, 15, tzinfo=UTC), account, 100)
    with time_machine.travel(NOON, tick=False):
        response = client.get(reverse("overview"))
    assert response.context["runway"] is None
    assert "No pace yet" in response.content.decode()
    charge_on(datetime(2026, 3, 14, 15, tzinfo=UTC), account, 100)
    with time_machine.travel(NOON, tick=False):
        runway = client.get(reverse("overview")).context["runway"]
    # 3.00 over the four full days since the first use; 99.00 are left.
    assert (runway.per_day, runway.length, runway.until) == ("$0.75", "132 days", "until July 25")


def test_a_reversed_call_was_not_spent(account: Account, reader: Callable[..., Client]) -> None:
    charge_on(datetime(2026, 3, 14, 15, tzinfo=UTC), account, 50)
    with time_machine.travel(NOON, tick=False):
        void(event=UsageEvent.objects.get(), reason="Test", actor_id=None)
        context = reader(account).get(reverse("overview")).context
    assert (context["month"].spent, context["month"].calls) == (Decimal(0), 0)
    assert context["balance"].available == Decimal(102)


def test_sandbox_spending_is_never_in_a_total(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("aitelier", paid="10", projects={"pilot": "sandbox", "desk": "live"})
    charge(
        "aitelier",
        event(account, project="pilot", outcome="success"),
        event(account, project="desk", outcome="conversation"),
    )
    response = reader(account).get(reverse("overview"))
    assert (response.context["month"].spent, response.context["month"].simulated) == (Decimal("0.6"), Decimal("0.9"))
    assert response.context["chart_total"].spent == Decimal("0.6")
    assert "1 sandbox call would have cost" in response.content.decode()


def test_a_project_narrows_the_figures(bare_account: Callable[..., Account], reader: Callable[..., Client]) -> None:
    account = bare_account("aipbx", paid="10", projects={"one": "live", "two": "live"})
    charge("aipbx", event(account, project="one", stt_seconds=1000), event(account, project="two", stt_seconds=3000))
    one = account.projects.get(external_id="one")
    context = reader(account).get(reverse("overview"), {"project": one.pk}).context
    assert context["month"].spent == Decimal("0.1")
    assert [line.row.amount for line in context["lines"]][:1] == [Decimal("-0.1")]


def test_the_balance_is_the_accounts_whichever_project_is_looked_at(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    with time_machine.travel(NOON - timedelta(days=20), tick=False):
        account = bare_account("aipbx", paid="100", projects={"one": "live", "two": "live"})
    for day in range(5, 0, -1):
        for project, cents in (("one", 100), ("two", 300)):
            charge_on(NOON - timedelta(days=day), account, cents, project=project)
    one = account.projects.get(external_id="one")
    with time_machine.travel(NOON, tick=False):
        context = reader(account).get(reverse("overview"), {"project": one.pk}).context
    assert (context["runway"].per_day, context["runway"].length) == ("$4.00", "20 days")
    assert context["average_words"] == "Average of 5 full days, $1.00"


@pytest.mark.parametrize(
    ("columns", "paid", "titles"),
    [
        ({}, "10", []),
        ({}, "0.10", []),
        ({}, "0.099999", ["No call starts: the balance is too low"]),
        ({}, "0", ["The balance is used up"]),
        ({"is_frozen": True, "is_overdue": True}, "10", ["The balance is frozen", "An invoice is overdue"]),
        ({"mode": "postpay", "credit_limit": Decimal(5)}, "0", []),
        ({"mode": "postpay"}, "0", ["The credit limit is reached"]),
    ],
)
def test_whatever_keeps_calls_from_starting_is_said_at_the_top(
    bare_account: Callable[..., Account],
    reader: Callable[..., Client],
    columns: dict[str, Any],
    paid: str,
    titles: list[str],
) -> None:
    account = bare_account("letustalk", paid=paid, **columns)  # calls start from $0.10 on
    response = reader(account).get(reverse("overview"))
    assert [banner.title for banner in response.context["banners"]] == titles
    assert response.content.decode().count('class="banner bad"') == len(titles)


def test_the_cap_warns_before_it_is_reached(account: Account, reader: Callable[..., Client]) -> None:
    charge_on(NOON, account, 1700)
    with time_machine.travel(NOON, tick=False):
        page = " ".join(reader(account).get(reverse("overview")).content.decode().split())
    assert '<progress class="meter warn" value="0.8500"' in page
    assert "$3.00 left until midnight." in page
    charge_on(NOON, account, 300)
    with time_machine.travel(NOON, tick=False):
        response = reader(account).get(reverse("overview"))
    assert [banner.title for banner in response.context["banners"]] == ["The daily cap of $20.00 is reached"]


def test_pages_ask_the_database_little(
    account: Account, reader: Callable[..., Client], statements: Callable[[], Any]
) -> None:
    charge("aipbx", *[event(account, stt_seconds=60) for _ in range(30)])
    client = reader(account)
    some = UsageEvent.objects.first()
    assert some is not None
    for address in (
        reverse("overview"),
        reverse("history"),
        reverse("history") + "?view=each&type=call&when=30&simulated=shown",
        reverse("calls"),
        reverse("call", args=[some.pk]),
    ):
        with statements() as sent:
            assert client.get(address).status_code == 200
        assert 5 < len(sent) <= QUERIES_AT_MOST, (address, len(sent), sent)


@pytest.mark.parametrize(
    ("product", "meters"),
    [("aipbx", True), ("aitelier", True), ("letustalk", False), ("osmtalk", False), ("atllasx", False)],
)
def test_tokens_are_shown_where_they_are_metered(
    bare_account: Callable[..., Account], reader: Callable[..., Client], product: str, meters: bool
) -> None:
    body = reader(bare_account(product, paid="10")).get(reverse("overview")).content.decode()
    assert ("<dt>Tokens</dt>" in body) is meters


def test_what_is_owed_on_a_credit_limit_adds_up(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    account = bare_account("aipbx", mode="postpay", credit_limit=Decimal(50))
    charge("aipbx", event(account, stt_seconds=10_000))
    context = reader(account).get(reverse("overview")).context
    assert context["parts"] == [
        ("Paid", Decimal(0)),
        ("Promo, spent first", Decimal(0)),
        ("Credit limit", Decimal(50)),
        ("Owed so far", Decimal(-1)),
    ]
    assert context["balance"].available == Decimal(49)


def test_the_charts_last_label_ends_with_it_where_bars_are_narrower_than_words(
    account: Account, reader: Callable[..., Client]
) -> None:
    with time_machine.travel(NOON, tick=False):
        charge_on(NOON - timedelta(days=1), account)
        client = reader(account)
        month = client.get(reverse("overview")).context["chart"].ticks
        week = client.get(reverse("usage"), {"when": "7"}).context["chart"].ticks
    assert [tick.anchor for tick in month] == ["middle"] * 4 + ["end"]
    assert month[-1].x == "100%"
    assert {tick.anchor for tick in week} == {"middle"}


def test_the_last_amounts_keep_their_cents_in_one_line(account: Account, reader: Callable[..., Client]) -> None:
    with time_machine.travel(NOON - timedelta(days=1), tick=False):
        charge("aipbx", event(account, stt_seconds=70))
    with time_machine.travel(NOON, tick=False):
        charge("aipbx", event(account, stt_seconds=100))
        response = reader(account).get(reverse("overview"))
    assert [line.row.amount for line in response.context["lines"]][:2] == [Decimal("-0.01"), Decimal("-0.007")]
    assert response.context["last_micro"] == 1
    last = response.content.decode().partition('id="overview-last"')[2]
    assert f'{MINUS}$0.01<span class="micro"></span>' in last
