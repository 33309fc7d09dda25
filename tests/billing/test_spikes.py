"""Spending unlike the usual: the account's own hours of the week decide, on its own clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from billing.services.spikes import tell_due, usual_of
from notifications.models import Event, Notice
from organizations.models import Account
from tests.usage.events import charge, event

D = Decimal
AMOUNTS = st.decimals(0, 1000, places=2)
NOON = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("spent", "before", "per_day", "usual"),
    [
        ("10", ["1", "1", "1", "1"], "10", "1"),
        ("3", ["1", "1", "1", "1"], "0", None),  # three times is not more than three times
        ("3.01", ["1", "1", "1", "1"], "0", "1"),
        ("7", ["1", "1", "1", "5"], "0", None),  # the most was five: half more is the least
        ("7.6", ["1", "1", "1", "5"], "0", "1"),
        ("10", ["1", "1", "1"], "0", None),  # too little is known
        ("10", ["0", "0", "0", "0"], "30", None),  # less than half a day's
        ("16", ["0", "0", "0", "0"], "30", "0"),
    ],
)
def test_what_is_unlike_the_usual(spent: str, before: list[str], per_day: str, usual: str | None) -> None:
    found = usual_of(D(spent), [D(each) for each in before], per_day=D(per_day))
    assert found == (None if usual is None else D(usual))


@given(spent=AMOUNTS, more=AMOUNTS, before=st.lists(AMOUNTS, max_size=8), per_day=AMOUNTS)
def test_more_is_never_more_usual(spent: D, more: D, before: list[D], per_day: D) -> None:
    if usual_of(spent, before, per_day=per_day) is not None:
        assert usual_of(spent + more, before, per_day=per_day) is not None
    assert usual_of(D(0), before, per_day=per_day) is None


def use(account: Account, cost: str) -> None:
    charge("letustalk", event(account, provider_costs={"llm": cost}))


@pytest.mark.django_db
def test_a_spike_is_told_once_a_day(make_account: Callable[..., Account]) -> None:
    with time_machine.travel(NOON - timedelta(weeks=6), tick=False) as clock:
        account = make_account("letustalk", paid="1000", timezone="America/New_York")
        for _week in range(5):
            clock.shift(timedelta(weeks=1))
            use(account, "1")
        clock.move_to(NOON)
        use(account, "10")
        assert tell_due() == 0  # the hour is not over
        clock.shift(timedelta(hours=1))
        assert (tell_due(), tell_due()) == (1, 1)
    notice = Notice.objects.get(event=Event.SPENDING_SPIKE)
    assert {name: D(notice.facts[name]) for name in ("spent", "usual")} == {"spent": D("13"), "usual": D("1.3")}
    assert notice.facts["hour"] == "2026-03-02T12:00:00+00:00"


@pytest.mark.django_db
def test_an_hour_like_those_of_other_weeks_is_no_news(make_account: Callable[..., Account]) -> None:
    with time_machine.travel(NOON - timedelta(weeks=6), tick=False) as clock:
        account = make_account("letustalk", paid="1000")
        for _week in range(6):
            clock.shift(timedelta(weeks=1))
            use(account, "10")
        clock.shift(timedelta(hours=1))
        assert tell_due() == 0


@pytest.mark.django_db
def test_a_new_account_has_no_usual(make_account: Callable[..., Account]) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        use(make_account("letustalk", paid="1000"), "100")
        clock.shift(timedelta(hours=1))
        assert tell_due() == 0
