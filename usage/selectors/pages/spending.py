"""What an account spent, by day and by hour of today, read from the roll-ups: never from the events themselves.

A day's spending is of the calls charged on it, less those reversed since, whatever day they were reversed on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from organizations.database import run

ZERO = Decimal(0)
CHART_DAYS = 30
PACE_DAYS = 14
WEEK = 7
PACE_DAYS_LEAST = 3

DAYS = """
SELECT day,
       COALESCE(sum(spent) FILTER (WHERE NOT is_simulated), 0),
       COALESCE(sum(spent) FILTER (WHERE is_simulated), 0),
       COALESCE(sum(count) FILTER (WHERE NOT is_simulated AND event_type = 'call.completed'), 0),
       COALESCE(sum(free_count) FILTER (WHERE NOT is_simulated AND event_type = 'call.completed'), 0),
       COALESCE(sum(count) FILTER (WHERE is_simulated AND event_type = 'call.completed'), 0),
       COALESCE(sum(seconds) FILTER (WHERE NOT is_simulated AND event_type = 'call.completed'), 0),
       COALESCE(sum(tokens) FILTER (WHERE NOT is_simulated), 0),
       COALESCE(sum(spent) FILTER (WHERE NOT is_simulated AND event_type = 'call.completed'), 0)
  FROM usage_dailyusage
 WHERE account_id = %s AND day BETWEEN %s AND %s AND (%s::bigint IS NULL OR project_id = %s)
 GROUP BY day ORDER BY day
"""
# Without what was charged anew in the hour, which is of other hours; looked for only about the time of a re-rating.
HOURS = """
SELECT m.hour, -sum(m.amount - coalesce(c.amount, 0)) FROM billing_hourlymovement m
 CROSS JOIN LATERAL (
   SELECT sum(x.amount) AS amount FROM billing_transaction x
    WHERE EXISTS (SELECT FROM usage_rerating j
                   WHERE j.confirmed_at < %s::date + 2 AND coalesce(j.finished_at > %s::date - 2, true))
      AND x.wallet_id = m.wallet_id AND x.number BETWEEN m.first_number AND m.last_number AND x.day = m.day
      AND x.kind = m.kind AND x.project_id IS NOT DISTINCT FROM m.project_id AND x.key ~ '^charge:[0-9]+:[0-9]+$') c
 WHERE m.wallet_id = %s AND m.day = %s AND m.kind IN ('call', 'chat', 'crawl', 'llm')
 GROUP BY m.hour
"""


@dataclass(frozen=True, slots=True)
class DaySpending:
    """One day's usage, or the sum of several days'."""

    day: date
    spent: Decimal = ZERO
    simulated: Decimal = ZERO
    calls: int = 0
    free_calls: int = 0
    simulated_calls: int = 0
    seconds: Decimal = ZERO
    tokens: Decimal = ZERO
    spent_on_calls: Decimal = ZERO

    @property
    def average_per_call(self) -> Decimal | None:
        """What a call cost on average, free ones included; None without calls."""
        return self.spent_on_calls / self.calls if self.calls else None

    @property
    def average_seconds(self) -> Decimal | None:
        """How long a call was on average; None without calls."""
        return self.seconds / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class Pace:
    """How quickly money goes: the average of so many full days, and of each weekday among them (Monday first).

    `last_week` and `week_before` are the averages of the two halves of a full window, None of a shorter one.
    """

    per_day: Decimal
    days: int
    weekdays: tuple[Decimal, ...]
    last_week: Decimal | None = None
    week_before: Decimal | None = None

    @property
    def is_short(self) -> bool:
        """Whether it knows less than each weekday once."""
        return self.days < WEEK

    @property
    def is_turning(self) -> bool:
        """Whether the last seven days took twice the seven before them or more, or half or less."""
        if self.last_week is None or self.week_before is None:
            return False
        return max(self.last_week, self.week_before) >= 2 * min(self.last_week, self.week_before)

    def at(self, per_day: Decimal) -> tuple[Decimal, ...]:
        """The weekdays' amounts, were the average another one."""
        return tuple(amount * per_day / self.per_day for amount in self.weekdays)


def spending_by_day(
    *, account_id: int, first: date, last: date, project_id: int | None = None
) -> dict[date, DaySpending]:
    """The days from `first` to `last`, both included, that had any usage."""
    (rows,) = run((DAYS, [account_id, first, last, project_id, project_id]))
    return {row[0]: DaySpending(*row) for row in rows}


def spending_by_hour(*, wallet_id: int, day: date) -> dict[int, Decimal]:
    """What was charged in each hour of one of the account's days."""
    (rows,) = run((HOURS, [day, day, wallet_id, day]))
    return dict(rows)


def total_of(days: Iterable[DaySpending], *, since: date) -> DaySpending:
    """The sum of some days, dated `since`."""
    known = list(days)
    return DaySpending(
        since,
        sum((each.spent for each in known), ZERO),
        sum((each.simulated for each in known), ZERO),
        sum(each.calls for each in known),
        sum(each.free_calls for each in known),
        sum(each.simulated_calls for each in known),
        sum((each.seconds for each in known), ZERO),
        sum((each.tokens for each in known), ZERO),
        sum((each.spent_on_calls for each in known), ZERO),
    )


def pace_of(days: dict[date, DaySpending], today: date) -> Pace | None:
    """The pace of the last 14 full days, or of as many as there were since the first use.

    None until three of them had any spending: one busy afternoon is no pace.
    """
    window = [today - timedelta(days=back) for back in range(1, PACE_DAYS + 1)]
    used = [day for day in window if day in days and days[day].spent > 0]
    if len(used) < PACE_DAYS_LEAST:
        return None
    earlier = any(day < window[-1] and known.spent > 0 for day, known in days.items())
    span = PACE_DAYS if earlier else (today - min(used)).days
    per_day = _average(days, window[:span])
    if span < PACE_DAYS:  # no weekday twice
        return Pace(per_day, span, (per_day,) * WEEK)
    weekdays = tuple(_average(days, [day for day in window if day.weekday() == each]) for each in range(WEEK))
    return Pace(per_day, span, weekdays, _average(days, window[:WEEK]), _average(days, window[WEEK:]))


def _average(days: dict[date, DaySpending], of: Sequence[date]) -> Decimal:
    return sum((days[day].spent for day in of if day in days), ZERO) / len(of)
