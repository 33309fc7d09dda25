"""What each project of an account used: this month and in the last thirty days, from the daily roll-up.

Real and simulated amounts are never added: each figure is of one or of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from organizations.database import run

ZERO = Decimal(0)
RECENT_DAYS = 30

USAGE = """
SELECT project_id,
       COALESCE(sum(count) FILTER (WHERE is_month AND is_call AND NOT is_simulated), 0),
       COALESCE(sum(count) FILTER (WHERE is_month AND is_call AND is_simulated), 0),
       COALESCE(sum(spent) FILTER (WHERE is_month AND NOT is_simulated), 0),
       COALESCE(sum(spent) FILTER (WHERE is_month AND is_simulated), 0),
       COALESCE(sum(count) FILTER (WHERE is_month AND is_request), 0),
       COALESCE(sum(count) FILTER (WHERE is_recent AND is_call AND NOT is_simulated), 0),
       COALESCE(sum(count) FILTER (WHERE is_recent AND is_call AND is_simulated), 0),
       COALESCE(sum(spent) FILTER (WHERE is_recent AND NOT is_simulated), 0),
       COALESCE(sum(spent) FILTER (WHERE is_recent AND is_simulated), 0),
       COALESCE(sum(count) FILTER (WHERE is_recent AND is_request), 0)
  FROM (SELECT project_id, count, spent, is_simulated, event_type = 'call.completed' AS is_call,
               event_type = 'llm.completed' AS is_request, day >= %(month)s AS is_month, day >= %(recent)s AS is_recent
          FROM usage_dailyusage
         WHERE account_id = %(account)s AND day BETWEEN LEAST(%(month)s, %(recent)s) AND %(today)s) used
 GROUP BY project_id
"""


@dataclass(frozen=True, slots=True)
class Used:
    """Calls and amounts of some days, the simulated ones apart; LLM requests of both together."""

    calls: int = 0
    simulated_calls: int = 0
    spent: Decimal = ZERO
    simulated: Decimal = ZERO
    requests: int = 0

    @property
    def all_calls(self) -> int:
        """Every call, charged or simulated."""
        return self.calls + self.simulated_calls


@dataclass(frozen=True, slots=True)
class ProjectUsage:
    """A project's usage of the account's month so far, and of its last thirty days with today."""

    month: Used = Used()
    recent: Used = Used()


def usage_by_project(*, account_id: int, today: date) -> dict[int, ProjectUsage]:
    """The projects that were used, by id; `today` is the account's day."""
    parameters = {
        "account": account_id,
        "month": today.replace(day=1),
        "recent": today - timedelta(days=RECENT_DAYS - 1),
        "today": today,
    }
    (rows,) = run((USAGE, parameters))  # type: ignore[arg-type]
    return {row[0]: ProjectUsage(Used(*row[1:6]), Used(*row[6:11])) for row in rows}


def sum_of(parts: list[Used]) -> Used:
    """The sum, in which what was simulated stays apart."""
    return Used(
        sum(each.calls for each in parts),
        sum(each.simulated_calls for each in parts),
        sum((each.spent for each in parts), ZERO),
        sum((each.simulated for each in parts), ZERO),
        sum(each.requests for each in parts),
    )
