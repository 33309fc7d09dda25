"""What an account used in some of its days and in those they are compared with, summed from the daily roll-ups.

One statement reads it all, so that every figure of the page is of the same moment and they add up; the events
themselves are never read. Real and simulated amounts stand in rows of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from organizations.database import run
from organizations.tenancy import Tenant
from usage.models import DailyComponent
from usage.models.event import EventType
from usage.selectors.pages.spending import DaySpending

CALL = EventType.CALL.value
CSV_CHUNK = 2000

# One pass over the usage gives three groupings; the fourth part is of the components.
REPORT = """
SELECT CASE 0 WHEN GROUPING(channel) THEN 'sum' WHEN GROUPING(project_id) THEN 'project' ELSE 'day' END,
       is_current, is_simulated, event_type, channel, tier, outcome, NULL, NULL, day, project_id,
       sum(count), sum(seconds), sum(tokens), sum(spent)
  FROM (SELECT day >= %(first)s AS is_current, day, project_id, is_simulated, event_type, channel, tier, outcome,
               count, seconds, tokens, spent
          FROM usage_dailyusage
         WHERE account_id = %(account)s AND day BETWEEN %(before_first)s AND %(last)s
           AND (day >= %(first)s OR day <= %(before_last)s)
           AND (%(project)s::bigint IS NULL OR project_id = %(project)s)) used
 GROUP BY GROUPING SETS ((is_current, is_simulated, event_type, channel, tier, outcome),
                         (is_current, is_simulated, event_type, project_id),
                         (is_current, is_simulated, event_type, day))
HAVING is_current OR GROUPING(channel) = 0
UNION ALL
SELECT 'component', true, is_simulated, event_type, model, tier, outcome, component, unit, NULL, NULL,
       sum(count), sum(quantity), 0, sum(amount)
  FROM usage_dailycomponent
 WHERE account_id = %(account)s AND day BETWEEN %(first)s AND %(last)s
   AND (%(project)s::bigint IS NULL OR project_id = %(project)s)
 GROUP BY is_simulated, event_type, model, tier, outcome, component, unit
HAVING sum(count) <> 0 OR sum(amount) <> 0
"""
# The table's unique index begins with account and day: first and last are found without reading what is between.
BOUNDS = """
SELECT min(day), max(day) FROM usage_dailyusage WHERE account_id = %s AND (%s::bigint IS NULL OR project_id = %s)
"""


@dataclass(frozen=True, slots=True)
class Sums:
    """What was used of one kind, on one channel, in one tier, with one outcome."""

    is_current: bool
    is_simulated: bool
    event_type: str
    channel: str
    tier: str
    outcome: str
    count: int
    seconds: Decimal
    tokens: Decimal
    spent: Decimal

    @property
    def is_call(self) -> bool:
        """Whether it is of calls, not of crawls, chats or requests."""
        return self.event_type == CALL


@dataclass(frozen=True, slots=True)
class ComponentSum:
    """The charge lines of one component; `count` of lines, `quantity` in the unit."""

    is_simulated: bool
    event_type: str
    model: str
    tier: str
    outcome: str
    component: str
    unit: str
    count: int
    quantity: Decimal
    amount: Decimal

    @property
    def is_call(self) -> bool:
        """Whether it is of calls."""
        return self.event_type == CALL


@dataclass(frozen=True, slots=True)
class ProjectSum:
    """What one project used of one kind."""

    project_id: int
    is_simulated: bool
    event_type: str
    count: int
    spent: Decimal


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The sums of a period by what they are of; those of the compared days stand only in `sums`."""

    sums: tuple[Sums, ...]
    components: tuple[ComponentSum, ...]
    projects: tuple[ProjectSum, ...]
    days: dict[date, DaySpending]

    def of(self, *, simulated: bool, current: bool = True) -> list[Sums]:
        """The sums of money, or of what was simulated; of the period, or of the days it is compared with."""
        return [each for each in self.sums if (each.is_simulated, each.is_current) == (simulated, current)]

    def has(self, *, simulated: bool) -> bool:
        """Whether anything was used in the period."""
        return any(each.count or each.spent for each in self.of(simulated=simulated))


def usage_report(
    *, account_id: int, span: tuple[date, date], before: tuple[date, date], project_id: int | None
) -> UsageReport:
    """The usage of the days of `span`, and of `before`, which ends before it begins; both ends are included."""
    parameters = {
        "account": account_id,
        "project": project_id,
        "first": span[0],
        "last": span[1],
        "before_first": before[0],
        "before_last": before[1],
    }
    (rows,) = run((REPORT, parameters))  # type: ignore[arg-type]
    sums, components, projects = [], [], []
    days: dict[date, DaySpending] = {}
    for part, is_current, simulated, kind, a, tier, outcome, component, unit, day, project, count, *figures in rows:
        quantity, tokens, amount = figures
        if part == "sum":
            sums.append(Sums(is_current, simulated, kind, a, tier, outcome, int(count), quantity, tokens, amount))
        elif part == "component":
            line = (simulated, kind, a, tier, outcome, component, unit, int(count), quantity, amount)
            components.append(ComponentSum(*line))
        elif part == "project":
            projects.append(ProjectSum(project, simulated, kind, int(count), amount))
        else:
            calls = int(count) if kind == CALL else 0
            days[day] = _added(days.get(day, DaySpending(day)), calls, amount, is_simulated=simulated)
    return UsageReport(tuple(sums), tuple(components), tuple(projects), days)


def merged(lines: Sequence[ComponentSum]) -> list[ComponentSum]:
    """One sum a component and unit; model, tier and outcome stay where they are the same in all."""
    found: dict[tuple[str, str, str], ComponentSum] = {}
    for line in lines:
        key = (line.event_type, line.component, line.unit)
        known = found.get(key)
        if known is None:
            found[key] = line
            continue
        found[key] = replace(
            known,
            model=known.model if known.model == line.model else "",
            tier=known.tier if known.tier == line.tier else "",
            outcome=known.outcome if known.outcome == line.outcome else "",
            count=known.count + line.count,
            quantity=known.quantity + line.quantity,
            amount=known.amount + line.amount,
        )
    return list(found.values())


def used_between(*, account_id: int, project_id: int | None) -> tuple[date, date] | None:
    """The first and the last day with any usage; None where there was none ever."""
    ((row,),) = run((BOUNDS, [account_id, project_id, project_id]))
    return None if row[0] is None else (row[0], row[1])


def daily_components(tenant: Tenant, *, first: date, last: date) -> Iterator[DailyComponent]:
    """The roll-up row by row, in the order of days and projects, a few thousand at a time."""
    rows = tenant.rows(DailyComponent).filter(day__range=(first, last))
    if tenant.project is not None:
        rows = rows.filter(project=tenant.project)
    keys = ("day", "project_id", "is_simulated", "event_type", "model", "tier", "outcome", "component", "unit")
    return rows.order_by(*keys).iterator(chunk_size=CSV_CHUNK)


def _added(day: DaySpending, calls: int, amount: Decimal, *, is_simulated: bool) -> DaySpending:
    """The day with some more usage, as far as a chart shows it."""
    if is_simulated:
        return replace(day, simulated=day.simulated + amount, simulated_calls=day.simulated_calls + calls)
    return replace(day, spent=day.spent + amount, calls=day.calls + calls)
