"""What was charged and what it cost, from the daily roll-ups, which equal the events always.

A cost is known where the service reported what providers were paid. A margin is taken of what was charged for those
events and of nothing else: what nobody reported a cost of would look like all profit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from organizations.database import run

DIMENSIONS = {
    "product": ("p.id", "p.name"),
    "account": ("a.id", "a.name", "a.external_id"),
    "project": ("j.id", "j.name", "j.external_id"),
    "event_type": ("u.event_type",),
    "channel": ("u.channel",),
    "model": ("u.model",),
    "day": ("u.day",),
}
SELECT = """
SELECT {columns} u.currency, sum(u.count), sum(u.free_count), sum(u.spent), sum(u.costed_spent), sum(u.cost)
  FROM usage_dailyusage u
  JOIN organizations_account a ON a.id = u.account_id
  JOIN organizations_product p ON p.id = a.product_id
  JOIN organizations_project j ON j.id = u.project_id
 WHERE u.day BETWEEN %s::date AND %s::date AND u.is_simulated = %s::boolean
   AND (%s::bigint IS NULL OR p.id = %s::bigint) AND (%s::bigint IS NULL OR u.account_id = %s::bigint)
   AND (%s::bigint IS NULL OR u.project_id = %s::bigint) AND (%s::varchar IS NULL OR u.event_type = %s::varchar)
 GROUP BY {columns} u.currency
HAVING sum(u.count) <> 0 OR sum(u.spent) <> 0 OR sum(u.cost) <> 0
 ORDER BY u.currency, {order} {columns} u.currency LIMIT %s::bigint
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which usage: days of the accounts' own calendars, both included; None is any."""

    first_day: date
    last_day: date
    product_id: int | None = None
    account_id: int | None = None
    project_id: int | None = None
    event_type: str | None = None
    is_simulated: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums of usage in one currency. `key` holds, for each dimension, its columns of `DIMENSIONS`."""

    key: tuple[tuple[Any, ...], ...]
    currency: str
    events: int
    free: int
    charged: Decimal
    costed: Decimal
    """What was charged for events with a known cost."""
    cost: Decimal

    @property
    def margin(self) -> Decimal | None:
        """What is left of the charges with a known cost; None where no cost is known."""
        return self.costed - self.cost if self.is_cost_known else None

    @property
    def is_cost_known(self) -> bool:
        """Whether any cost was reported; free events may have one, too."""
        return bool(self.cost or self.costed)


def margin(asked: Asked, by: Sequence[str], *, rows_max: int) -> list[Figures]:
    """The sums by one or two of `DIMENSIONS`, days in their order, others by what was charged, the most first.

    At most `rows_max` rows. Raises KeyError for an unknown dimension.
    """
    columns = [column for name in by for column in DIMENSIONS[name]]
    order = "" if "day" in by else "sum(u.spent) DESC,"
    sql = SELECT.format(columns="".join(f"{one}, " for one in columns), order=order)
    rows = run((sql, [*_params(asked), rows_max]))[0]
    return [_figures(row, by) for row in rows]


def by_day(asked: Asked) -> dict[str, tuple[dict[date, Decimal], dict[date, Decimal]]]:
    """By currency: what was charged on each day, and the known cost of it."""
    found: dict[str, tuple[dict[date, Decimal], dict[date, Decimal]]] = defaultdict(lambda: ({}, {}))
    for one in margin(asked, ["day"], rows_max=10_000):
        charged, cost = found[one.currency]
        ((day,),) = one.key
        charged[day], cost[day] = one.charged, one.cost
    return dict(found)


def _params(asked: Asked) -> list[Any]:
    params: list[Any] = [asked.first_day, asked.last_day, asked.is_simulated]
    for value in (asked.product_id, asked.account_id, asked.project_id, asked.event_type):
        params += [value, value]
    return params


def _figures(row: tuple[Any, ...], by: Sequence[str]) -> Figures:
    key, place = [], 0
    for name in by:
        width = len(DIMENSIONS[name])
        key.append(row[place : place + width])
        place += width
    return Figures(tuple(key), *row[place:])
