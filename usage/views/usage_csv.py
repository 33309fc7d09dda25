"""Usage as a file: one row a day, project, kind and component, with decimals as the ledger has them.

The amounts of the rows that are not simulated add up to what was spent. Where the product does not show costs, what
providers were paid and the margin on it are one row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from usage.models import DailyComponent
from usage.rating.types import plain
from usage.selectors.pages.usage_card import AccountRates

CSV_HEADER = """day project simulated type model tier outcome component unit lines quantity amount currency"""
COSTS = "usage"  # the component that costs and margin are one row of
Kind = tuple[object, ...]


def csv_rows(
    rows: Iterable[DailyComponent], *, projects: Mapping[int, str], rates: AccountRates, shows_costs: bool
) -> Iterator[list[object]]:
    """The rows of the roll-up, in its order; days as ISO 8601, yes and no in English."""
    for kind, each in groupby(rows, key=_kind):
        hidden = []
        for row in each:
            if not shows_costs and rates.passes_on(row.event_type, row.component):
                hidden.append(row)
            elif row.count or row.amount.amount:
                yield _cells(kind, projects, row.component, row.unit, str(row.count), plain(row.quantity), [row])
        if any(row.count or row.amount.amount for row in hidden):
            yield _cells(kind, projects, COSTS, "", "", "", hidden)


def _kind(row: DailyComponent) -> Kind:
    return row.day, row.project_id, row.is_simulated, row.event_type, row.model, row.tier, row.outcome


def _cells(
    kind: Kind,
    projects: Mapping[int, str],
    component: str,
    unit: str,
    count: str,
    quantity: str,
    rows: list[DailyComponent],
) -> list[object]:
    day, project_id, is_simulated, *named = kind
    amount = sum(row.amount.amount for row in rows)
    simulated = "yes" if is_simulated else "no"
    project = projects.get(int(str(project_id)), "")
    return [str(day), project, simulated, *named, component, unit, count, quantity, f"{amount:f}", rows[0].currency]
