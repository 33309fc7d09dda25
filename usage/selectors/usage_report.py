"""What an account used between two of its days, summed by day, project, component or outcome, for the API.

All come from the daily roll-ups, in which reversed events do not count. Simulated usage stands in rows of its own and
in no sum of money.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from organizations.database import run
from usage.rating.types import plain

GROUPS = {"day": "u.day", "project": "p.external_id", "outcome": "u.outcome"}
BY_GROUP = """
SELECT {group}, u.is_simulated, sum(u.count), sum(u.free_count), sum(u.seconds), sum(u.tokens), sum(u.spent)
  FROM usage_dailyusage u JOIN organizations_project p ON p.id = u.project_id
 WHERE u.account_id = %s AND u.day BETWEEN %s AND %s
 GROUP BY 1, 2 HAVING sum(u.count) <> 0 OR sum(u.spent) <> 0 ORDER BY 1, 2
"""
BY_COMPONENT = """
SELECT component, unit, is_simulated, sum(count), sum(quantity), sum(amount)
  FROM usage_dailycomponent WHERE account_id = %s AND day BETWEEN %s AND %s
 GROUP BY 1, 2, 3 HAVING sum(count) <> 0 ORDER BY 1, 2, 3
"""


def usage_by(group: str, *, account_id: int, first_day: date, last_day: date) -> list[dict[str, Any]]:
    """Rows of usage by `day`, `project` or `outcome`, both days included. `spent` has six decimals."""
    sql = BY_GROUP.format(group=GROUPS[group])
    (rows,) = run((sql, [account_id, first_day, last_day]))
    return [
        {
            group: value.isoformat() if isinstance(value, date) else value or None,
            "simulated": is_simulated,
            "count": int(count),
            "free_count": int(free_count),
            "duration_seconds": plain(seconds),
            "tokens": plain(tokens),
            "spent": f"{spent:.6f}",
        }
        for value, is_simulated, count, free_count, seconds, tokens, spent in rows
    ]


def usage_by_component(*, account_id: int, first_day: date, last_day: date) -> list[dict[str, Any]]:
    """Rows of usage by what the rate card charges for; `quantity` is in the line's own unit."""
    (rows,) = run((BY_COMPONENT, [account_id, first_day, last_day]))
    return [
        {
            "component": component,
            "unit": unit,
            "simulated": is_simulated,
            "count": int(count),
            "quantity": plain(quantity),
            "spent": f"{spent:.6f}",
        }
        for component, unit, is_simulated, count, quantity, spent in rows
    ]


def total_spent(rows: list[dict[str, Any]], *, simulated: bool) -> str:
    """The money of the rows, live or simulated, with six decimals."""
    total = sum((Decimal(row["spent"]) for row in rows if row["simulated"] is simulated), Decimal(0))
    return f"{total:.6f}"
