"""The statements that restate events in the daily roll-ups, whose charge was corrected: one for each roll-up and batch.

They run in the transaction that corrects the charges, under the wallets' locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from organizations.database import Statement
from usage.services.rollup_rows import (
    ADD_DAILY_COMPONENTS,
    ADD_DAILY_USAGE,
    COMPONENT_KINDS,
    USAGE_KINDS,
    statement_of,
)

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a charge adds to the roll-ups, besides what stays of its event whatever it is charged."""

    model: str
    tier: str
    outcome: str
    total: Decimal
    cost: Decimal
    lines: Sequence[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Restated:
    """An event whose charge is another now; `after` None: it was reversed, and leaves the roll-ups.

    It is counted on the day that it was first charged on (`day`), as its time and tokens are.
    """

    account_id: int
    project_id: int
    day: date
    is_simulated: bool
    event_type: str
    channel: str
    currency: str
    seconds: Decimal
    tokens: Decimal
    before: Counted
    after: Counted | None


def restate(events: Sequence[Restated]) -> list[Statement]:
    """Events taken out of the roll-ups as they were and added as they are: one statement for each roll-up."""
    usage: dict[tuple[Any, ...], list[Any]] = {}
    components: dict[tuple[Any, ...], list[Any]] = {}
    for event in events:
        for sign, charge in ((-1, event.before), (1, event.after)):
            if charge is not None:
                _count(event, charge, sign, usage, components)
    found = [statement_of(ADD_DAILY_USAGE, USAGE_KINDS, [(*key, *sums) for key, sums in sorted(usage.items())])]
    moved = [(*key, *sums) for key, sums in sorted(components.items()) if any(sums)]
    return [*found, statement_of(ADD_DAILY_COMPONENTS, COMPONENT_KINDS, moved)] if moved else found


def _count(
    event: Restated,
    charge: Counted,
    sign: int,
    usage: dict[tuple[Any, ...], list[Any]],
    components: dict[tuple[Any, ...], list[Any]],
) -> None:
    day = (event.account_id, event.project_id, event.day, event.is_simulated, event.event_type)
    ending = (charge.model, charge.tier, charge.outcome)
    known = usage.setdefault((*day, event.channel, *ending, event.currency), [0, 0, ZERO, ZERO, ZERO, ZERO, ZERO])
    costed = charge.total if charge.cost else ZERO
    added: tuple[Any, ...] = (1, int(charge.total == 0), event.seconds, event.tokens, charge.total, charge.cost, costed)
    known[:] = [so_far + sign * each for so_far, each in zip(known, added, strict=True)]
    for line in charge.lines:
        key = (*day, *ending, line["component"], line["unit"], event.currency)
        sums = components.setdefault(key, [0, ZERO, ZERO])
        sums[0] += sign
        sums[1] += sign * Decimal(line["quantity"])
        sums[2] += sign * Decimal(line["amount"])
