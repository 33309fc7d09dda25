"""Pages of calls: whatever the filter, the same calls in the same order as looking through all of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from billing.selectors.keyset import read_page
from organizations.models import Account
from tests.usage.events import charge, event, key_of
from usage.models import UsageEvent
from usage.selectors.pages.calls import CallFilter, call_streams
from usage.services.void import void_event

pytestmark = pytest.mark.django_db
FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAYS = [FIRST.date() + timedelta(days=number) for number in range(4)]


@pytest.fixture
def account(bare_account: Callable[..., Account]) -> Account:
    """Calls of four days in two projects, on two channels, of every end, some of them reversed."""
    found = bare_account("aitelier", paid="50", projects={"a": "live", "b": "sandbox"})
    ends: list[dict[str, Any]] = [
        {"outcome": "success"},
        {"outcome": "spam"},
        {"status": "failed"},
        {"status": "no_answer"},
    ]
    for number, day in enumerate(DAYS):
        with time_machine.travel(FIRST + timedelta(days=number), tick=False):
            facts = itertools.product(("a", "b"), ("phone", "web"), ends[: 1 + number])
            calls = [
                event(found, event_id=f"{day}-{place}", project=project, channel=channel, **end)
                for place, (project, channel, end) in enumerate(facts)
            ]
            charge("aitelier", *calls)
    for event_id in (f"{DAYS[0]}-0", f"{DAYS[2]}-1"):
        void_event(key=key_of("aitelier"), source="pbx", event_id=event_id, reason="A test")
    return found


def looked_through(account: Account, wanted: CallFilter) -> list[int]:
    asked = {"channel": wanted.channel, "call_status": wanted.result, "outcome": wanted.outcome}
    rows = UsageEvent.objects.filter(account=account, **{name: value for name, value in asked.items() if value})
    if wanted.project_id is not None:
        rows = rows.filter(project_id=wanted.project_id)
    rows = rows.filter(day__gte=wanted.first or date.min, day__lte=wanted.last or date.max)
    return list(rows.order_by("-day", "-id").values_list("id", flat=True))


def paged(wanted: CallFilter, *, size: int) -> list[int]:
    """The keys of all pages down to the oldest, after each page and the one above it were found to be neighbours."""
    streams: Any = call_streams(wanted)
    page = read_page(streams, size=size)
    found = [row.key for row in page.rows]
    while page.older:
        below = read_page(streams, size=size, before=tuple(int(key) for key in page.older.split(".")))
        assert below.newer
        above = read_page(streams, size=size, after=tuple(int(key) for key in below.newer.split(".")))
        assert above.rows == page.rows
        found += [row.key for row in below.rows]
        page = below
    return found


@pytest.mark.parametrize("span", [(None, None), (DAYS[1], DAYS[2]), (None, DAYS[1]), (DAYS[3], DAYS[3])])
def test_every_filter_finds_what_looking_through_all_calls_finds(
    account: Account, span: tuple[date | None, date | None]
) -> None:
    first, last = span
    plain = CallFilter(account_id=account.pk, wallet_id=account.wallet.pk, first=first, last=last)
    sandbox = account.projects.get(external_id="b").pk
    results = ["", "completed", "failed", "no_answer", "voicemail"]
    for channel, result, outcome, project in itertools.product(
        ["", "web", "chat"], results, ["", "spam"], [None, sandbox]
    ):
        wanted = replace(plain, channel=channel, result=result, outcome=outcome, project_id=project)
        assert paged(wanted, size=5) == looked_through(account, wanted), wanted
    assert len(looked_through(account, replace(plain, first=None, last=None))) == 40
