"""Billing periods: months and years that keep the day of their anchor, as far as a month has it."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

from tests.fakes.stripe.store import Object

MONTHS = {"month": 1, "year": 12}
DAYS = {"day": 1, "week": 7}


def begin(anchor: int, recurring: Object, number: int) -> int:
    """When the period `number` (0 is the first) begins, in seconds since 1970."""
    start = datetime.fromtimestamp(anchor, UTC)
    steps = number * recurring["interval_count"]
    if recurring["interval"] in DAYS:
        return int((start + timedelta(days=steps * DAYS[recurring["interval"]])).timestamp())
    month = start.month - 1 + steps * MONTHS[recurring["interval"]]
    year, month = start.year + month // 12, month % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())
