"""Months end where the account's calendar says, as instants without gap or overlap."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.services.postpay.months import first_month, midnight, next_month

ZONES = [
    "UTC",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "America/Havana",
    "Europe/London",
    "Europe/Moscow",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Asia/Beirut",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Australia/Lord_Howe",
]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "starts_at", "starts_on", "ends_on", "ends_at"),
    [
        ("UTC", "2028-02-10 12:00", "2028-02-10", "2028-02-29", "2028-03-01 00:00"),  # a leap year
        ("UTC", "2027-02-10 12:00", "2027-02-10", "2027-02-28", "2027-03-01 00:00"),
        ("UTC", "2026-12-31 23:59", "2026-12-31", "2026-12-31", "2027-01-01 00:00"),
        ("America/Los_Angeles", "2026-03-08 20:00", "2026-03-08", "2026-03-31", "2026-04-01 07:00"),  # summer time
        ("America/Los_Angeles", "2026-11-01 20:00", "2026-11-01", "2026-11-30", "2026-12-01 08:00"),
        ("Asia/Tokyo", "2026-01-31 15:00", "2026-02-01", "2026-02-28", "2026-02-28 15:00"),
        ("Pacific/Kiritimati", "2026-05-31 11:00", "2026-06-01", "2026-06-30", "2026-06-30 10:00"),
    ],
)
def test_the_first_month_runs_from_the_moment_to_the_months_end_there(
    zone: str, starts_at: str, starts_on: str, ends_on: str, ends_at: str
) -> None:
    found = first_month(instant(starts_at), ZoneInfo(zone))
    expected = (date.fromisoformat(starts_on), date.fromisoformat(ends_on), instant(starts_at), instant(ends_at))
    assert (found.starts_on, found.ends_on, found.starts_at, found.ends_at) == expected


def test_a_midnight_that_does_not_exist_is_the_first_instant_after_it() -> None:
    assert midnight(date(2026, 3, 29), ZoneInfo("Asia/Beirut")) == instant("2026-03-28 22:00")
    assert midnight(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo")) == instant("2018-11-04 03:00")


def test_a_move_in_between_keeps_the_frozen_end_and_begins_there() -> None:
    tokyo = first_month(instant("2026-03-05 00:00"), ZoneInfo("Asia/Tokyo"))
    after = next_month(tokyo.ends_on, tokyo.ends_at, ZoneInfo("America/Los_Angeles"))
    assert (after.starts_at, after.starts_on) == (tokyo.ends_at, date(2026, 4, 1))
    assert after.ends_at == instant("2026-05-01 07:00")


@settings(suppress_health_check=[HealthCheck.too_slow])  # time zones are read from files
@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2032, 12, 31)),
    st.lists(st.sampled_from(ZONES), min_size=14, max_size=14),
)
def test_months_follow_each_other_wherever_the_account_moves(start: datetime, zones: list[str]) -> None:
    month = first_month(start.replace(tzinfo=UTC), ZoneInfo(zones[0]))
    for zone in zones[1:]:
        after = next_month(month.ends_on, month.ends_at, ZoneInfo(zone))
        assert after.starts_at == month.ends_at
        assert after.starts_on == month.ends_on + timedelta(days=1)
        assert after.starts_on.day == 1
        assert timedelta(days=26) < after.ends_at - after.starts_at < timedelta(days=33)
        month = after
