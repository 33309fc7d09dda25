"""The usage page's period: its days are the account's, and it is compared with as many days or the month before."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from organizations.models import Account
from tests.usage.events import charge, event
from tests.usage.views.test_usage import figures_of, page_of, text_of

NOON = datetime(2026, 3, 15, 16, 0, tzinfo=UTC)  # noon in New York
DAWN = datetime(2020, 6, 1, tzinfo=UTC)


@pytest.fixture
def account(bare_account: Callable[..., Account]) -> Account:
    """One credit a call, so that amounts count calls; in New York."""
    with time_machine.travel(DAWN, tick=False):
        return bare_account("atllasx", paid="5000", timezone="America/New_York")


def call_on(account: Account, *moments: datetime) -> None:
    for moment in moments:
        with time_machine.travel(moment, tick=False):
            charge("atllasx", event(account, occurred_at=moment))


def noon(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 16, tzinfo=UTC)


def ask(client: Client, **query: Any) -> Any:
    with time_machine.travel(NOON, tick=False):
        return page_of(client, **query)


@pytest.mark.parametrize(
    ("query", "days", "words"),
    [
        ({}, "2026-02-14 2026-03-15 2026-01-15 2026-02-13", "Feb 14-Mar 15, 2026, compared with Jan 15-Feb 13"),
        ({"when": "7"}, "2026-03-09 2026-03-15 2026-03-02 2026-03-08", "Mar 9-15, 2026, compared with Mar 2-8"),
        (
            {"when": "90"},
            "2025-12-16 2026-03-15 2025-09-17 2025-12-15",
            "Dec 16, 2025-Mar 15, 2026, compared with Sep 17-Dec 15, 2025",
        ),
        ({"when": "2026-03"}, "2026-03-01 2026-03-15 2026-02-01 2026-02-15", "Mar 1-15, 2026, compared with Feb 1-15"),
        (
            {"when": "2026-02"},
            "2026-02-01 2026-02-28 2026-01-01 2026-01-31",
            "February 2026, compared with January 2026",
        ),
        (
            {"when": "2026-01"},
            "2026-01-01 2026-01-31 2025-12-01 2025-12-31",
            "January 2026, compared with December 2025",
        ),
        ({"when": "2024-03"}, "2024-03-01 2024-03-31 2024-02-01 2024-02-29", "March 2024, compared with February 2024"),
        ({"when": "2026-03-05"}, "2026-03-05 2026-03-05 2026-03-04 2026-03-04", "Mar 5, 2026, compared with Mar 4"),
        (
            {"when": "other", "from": "2026-02-20", "to": "2026-03-01"},
            "2026-02-20 2026-03-01 2026-02-10 2026-02-19",
            "Feb 20-Mar 1, 2026, compared with Feb 10-19",
        ),
        (
            {"when": "other", "from": "2026-02-01", "to": "2026-02-28"},
            "2026-02-01 2026-02-28 2026-01-01 2026-01-31",
            "February 2026, compared with January 2026",
        ),
        (
            {"when": "other", "from": "2026-03-10", "to": "2027-01-01"},
            "2026-03-10 2026-03-15 2026-03-04 2026-03-09",
            "Mar 10-15, 2026, compared with Mar 4-9",
        ),
        (
            {"when": "other", "from": "2026-03-10"},
            "2026-03-10 2026-03-15 2026-03-04 2026-03-09",
            "Mar 10-15, 2026, compared with Mar 4-9",
        ),
        (
            {"when": "other", "to": "2026-03-10"},
            "2026-02-09 2026-03-10 2026-01-10 2026-02-08",
            "Feb 9-Mar 10, 2026, compared with Jan 10-Feb 8",
        ),
        (
            {"when": "nonsense"},
            "2026-02-14 2026-03-15 2026-01-15 2026-02-13",
            "Feb 14-Mar 15, 2026, compared with Jan 15-Feb 13",
        ),
    ],
)
def test_a_period_and_what_it_is_compared_with(
    account: Account, reader: Callable[..., Client], query: dict[str, str], days: str, words: str
) -> None:
    period = ask(reader(account), **query).context["query"].period
    assert f"{period.first} {period.last} {period.before_first} {period.before_last}" == days
    assert re.sub(r"\s*\N{EN DASH}\s*", "-", period.words) == words


def test_on_the_last_of_a_long_month_a_shorter_one_is_compared_whole(
    account: Account, reader: Callable[..., Client]
) -> None:
    with time_machine.travel(noon(2026, 3, 30), tick=False):
        period = page_of(reader(account), when="2026-03").context["query"].period
    assert (period.last, period.before_first, period.before_last) == (
        date(2026, 3, 30),
        date(2026, 2, 1),
        date(2026, 2, 28),
    )


def test_a_month_is_compared_with_the_one_before(account: Account, reader: Callable[..., Client]) -> None:
    call_on(account, noon(2026, 1, 31), noon(2026, 2, 1), noon(2026, 2, 15))
    call_on(account, *[noon(2026, 2, 16)] * 9)  # after the 15th: not compared
    call_on(account, noon(2026, 3, 1), noon(2026, 3, 14), noon(2026, 3, 14))
    client = reader(account)
    assert figures_of(ask(client, when="2026-03"))["Calls"] == ("3", "+50% from 2")
    assert figures_of(ask(client, when="2026-02"))["Spent"] == ("11 credits", "1 credit before")  # +1000% says little
    assert figures_of(ask(client, when="2026-01"))["Spent"] == ("1 credit", "No usage before")


def test_less_than_before_is_said_with_a_minus(account: Account, reader: Callable[..., Client]) -> None:
    call_on(account, *[noon(2026, 3, 5)] * 4, *[noon(2026, 3, 10)] * 3)
    response = ask(reader(account), when="7")
    assert figures_of(response)["Spent"] == ("3 credits", "\N{MINUS SIGN}25% from 4 credits")
    assert figures_of(response)["Average per call"] == ("1 credit", "1 credit before")


def test_the_success_share_is_compared_in_points(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    with time_machine.travel(DAWN, tick=False):
        agency = bare_account("aitelier", paid="50", projects={"desk": "live"})
    for moment, outcomes in ((noon(2026, 3, 5), "success spam spam spam"), (noon(2026, 3, 12), "success success spam")):
        with time_machine.travel(moment, tick=False):
            charge("aitelier", *[event(agency, outcome=each) for each in outcomes.split()])
    assert figures_of(ask(reader(agency), when="7"))["Successful"] == ("67%", "+42 points from 25%")


def test_the_days_are_the_accounts_own(account: Account, reader: Callable[..., Client]) -> None:
    call_on(account, datetime(2026, 3, 1, 4, 30, tzinfo=UTC))  # February 28, 23:30 in New York
    call_on(account, datetime(2026, 3, 1, 5, 30, tzinfo=UTC))
    client = reader(account)
    assert ask(client, when="2026-02").context["total"] == D(1)
    assert ask(client, when="2026-03").context["total"] == D(1)
    assert "Days begin at midnight in New York;" in text_of(ask(client))


def test_the_chart_has_days_then_weeks_then_months(account: Account, reader: Callable[..., Client]) -> None:
    call_on(account, noon(2025, 11, 4), noon(2026, 3, 9), noon(2026, 3, 15))
    client = reader(account)

    def bars(**query: str) -> list[tuple[str, D]]:
        chart = ask(client, **query).context["chart"]
        return [(bar.slot.short.replace("\u2009", " "), bar.day.spent) for bar in chart.bars]

    days = bars(when="90")
    assert (len(days), days[-1], days[-7]) == (90, ("Mar 15", D(1)), ("Mar 9", D(1)))
    weeks = bars(when="other", **{"from": "2025-11-04", "to": "2026-03-15"})
    assert (len(weeks), weeks[0], weeks[1], weeks[-1]) == (
        19,
        ("Nov 4", D(1)),  # a Tuesday: the first week is short
        ("Nov 10", D(0)),
        ("Mar 9", D(2)),
    )
    months = bars(when="other", **{"from": "2025-02-10", "to": "2026-03-15"})
    assert (len(months), months[0], months[9], months[-1]) == (
        14,
        ("Feb 2025", D(0)),
        ("Nov 2025", D(1)),
        ("Mar 2026", D(2)),
    )


def test_a_week_of_the_chart_leads_to_its_days(account: Account, reader: Callable[..., Client]) -> None:
    call_on(account, noon(2025, 11, 4))
    client = reader(account)
    chart = ask(client, when="other", **{"from": "2025-11-03", "to": "2026-03-15"}).context["chart"]
    assert chart.bars[0].slot.href == reverse("usage") + "?when=other&from=2025-11-03&to=2025-11-09"
    with time_machine.travel(NOON, tick=False):
        assert client.get(chart.bars[0].slot.href).context["total"] == D(1)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"when": "other", "from": "2026-03-16"}, "In the future. Choose a day up to today."),
        ({"when": "2999-12"}, "In the future. Choose a day up to today."),
        ({"when": "2026-04-01"}, "In the future. Choose a day up to today."),
        (
            {"when": "other", "from": "2016-03-15", "to": "2026-03-15"},
            "More than three years before the last day. Choose a later one.",
        ),
        ({"when": "other", "from": "2026-02-30"}, "Not a date. Write it as 2026-03-15."),
        ({"when": "other", "from": "0001-01-01"}, "Not a date. Write it as 2026-03-15."),
        ({"when": "other", "from": "2026-03-10", "to": "2026-03-01"}, "Before the first day. Choose a later one."),
    ],
)
def test_dates_that_show_nothing_say_why(
    account: Account, reader: Callable[..., Client], query: dict[str, str], words: str
) -> None:
    call_on(account, noon(2026, 3, 10))
    client = reader(account)
    response = ask(client, **query)
    assert response.status_code == 200
    assert words in text_of(response)
    assert "figures" not in response.context
    with time_machine.travel(NOON, tick=False):
        file = client.get(reverse("usage_csv"), query)
    assert (file.status_code, file.content.decode()) == (400, words)


def test_three_years_are_the_most(account: Account, reader: Callable[..., Client]) -> None:
    call_on(account, noon(2026, 3, 10))
    first = NOON.date() - timedelta(days=3 * 366 - 1)
    client = reader(account)
    assert ask(client, when="other", **{"from": f"{first}"}).context["total"] == D(1)
    assert "figures" not in ask(client, when="other", **{"from": f"{first - timedelta(days=1)}"}).context


def test_a_period_without_usage_leads_to_where_it_is(account: Account, reader: Callable[..., Client]) -> None:
    call_on(account, noon(2025, 6, 1), noon(2025, 6, 20))
    client = reader(account)
    response = ask(client)
    assert "No usage in this period" in text_of(response)
    assert response.context["elsewhere"]["href"] == reverse("usage") + "?when=other&from=2025-06-01&to=2025-06-20"
    with time_machine.travel(NOON, tick=False):
        assert client.get(response.context["elsewhere"]["href"]).context["total"] == D(2)


def test_a_project_without_usage_is_not_led_to_anothers(
    bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    with time_machine.travel(DAWN, tick=False):
        account = bare_account("atllasx", paid="9", projects={"one": "live", "two": "live"})
    with time_machine.travel(noon(2025, 6, 1), tick=False):
        charge("atllasx", event(account, project="one"))
    two = account.projects.get(external_id="two")
    assert "No usage yet" in text_of(ask(reader(account), project=two.pk))


def test_before_the_account_existed_there_is_no_usage(account: Account, reader: Callable[..., Client]) -> None:
    call_on(account, noon(2026, 3, 10))
    assert "No usage in this period" in text_of(ask(reader(account), when="2001-01"))


def test_an_account_without_usage_is_told_how_it_begins(account: Account, reader: Callable[..., Client]) -> None:
    page = text_of(ask(reader(account)))
    assert "No usage yet" in page
    assert "Make a test call from your assistant." in page
    assert 'action="/billing/usage/"' in page
