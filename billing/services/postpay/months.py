"""The months of a postpay account: whole months of its calendar, their ends as instants. Pure.

A month ends at the midnight after its last day on the account's clock, whatever summer time, 29 February or the year's
end make of it. Where that midnight does not exist the month ends at the first instant after it.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Month:
    """Both days belong to it; `ends_at` is the first instant after it."""

    starts_on: date
    ends_on: date
    starts_at: datetime
    ends_at: datetime


def first_month(starts_at: datetime, zone: ZoneInfo) -> Month:
    """From a moment to the end of the month that it lies in."""
    return _until_month_end(starts_at.astimezone(zone).date(), starts_at, zone)


def next_month(ends_on: date, ends_at: datetime, zone: ZoneInfo) -> Month:
    """The month after one that ended so: it begins at that instant, also where the account has moved since."""
    return _until_month_end(ends_on + timedelta(days=1), ends_at, zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of the day on that clock."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _until_month_end(starts_on: date, starts_at: datetime, zone: ZoneInfo) -> Month:
    ends_on = starts_on.replace(day=calendar.monthrange(starts_on.year, starts_on.month)[1])
    return Month(starts_on, ends_on, starts_at, midnight(ends_on + timedelta(days=1), zone))
