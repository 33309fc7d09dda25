"""The statements that keep the daily roll-ups equal to the events: one for each roll-up and batch, in key order.

They run in the transaction that charges or reverses the events they sum, under the wallets' locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from organizations.database import Statement, rows
from usage.models import UsageEvent
from usage.models.event import EventType
from usage.services.event_rows import EventRow
from usage.services.pricing import text

ZERO = Decimal(0)
TOKEN_TYPES = (EventType.CALL.value, EventType.CHAT_MESSAGE.value, EventType.LLM.value)
ADD_DAILY_USAGE = """
INSERT INTO usage_dailyusage AS u (account_id, project_id, day, is_simulated, event_type, channel, model, tier, outcome,
       currency, count, free_count, seconds, tokens, spent, cost, costed_spent)
SELECT * FROM {rows} AS v
ON CONFLICT (account_id, day, project_id, is_simulated, event_type, channel, model, tier, outcome) DO UPDATE SET
  count = u.count + EXCLUDED.count, free_count = u.free_count + EXCLUDED.free_count,
  seconds = u.seconds + EXCLUDED.seconds, tokens = u.tokens + EXCLUDED.tokens, spent = u.spent + EXCLUDED.spent,
  cost = u.cost + EXCLUDED.cost, costed_spent = u.costed_spent + EXCLUDED.costed_spent
"""
USAGE_KINDS = (
    *("bigint", "bigint", "date", "boolean", "varchar", "text", "text", "text", "text", "varchar"),
    *("int", "int", "numeric", "numeric", "numeric", "numeric", "numeric"),
)
ADD_DAILY_COMPONENTS = """
INSERT INTO usage_dailycomponent AS c (account_id, project_id, day, is_simulated, event_type, model, tier, outcome,
       component, unit, currency, count, quantity, amount)
SELECT * FROM {rows} AS v
ON CONFLICT (account_id, day, project_id, is_simulated, event_type, model, tier, outcome, component, unit)
DO UPDATE SET count = c.count + EXCLUDED.count, quantity = c.quantity + EXCLUDED.quantity,
  amount = c.amount + EXCLUDED.amount
"""
COMPONENT_KINDS = (
    *("bigint", "bigint", "date", "boolean", "varchar", "text", "text", "text", "varchar", "text", "varchar"),
    *("int", "numeric", "numeric"),
)


def add_events(entered: Sequence[EventRow], *, currency: str) -> list[Statement]:
    """The events added to the roll-ups; the second statement is missing when none of them has a charge line."""
    components = _component_sums(entered, currency)
    usage = statement_of(ADD_DAILY_USAGE, USAGE_KINDS, _usage_sums(entered, currency))
    return [usage, statement_of(ADD_DAILY_COMPONENTS, COMPONENT_KINDS, components)] if components else [usage]


def take_event(event: UsageEvent, *, tokens: Decimal) -> list[Statement]:
    """One event, of so many language-model tokens, taken out of the roll-ups."""
    total = event.total.amount if event.total is not None else ZERO
    day = (event.account_id, event.project_id, event.day, event.is_simulated, event.event_type)
    ending = (event.model, event.tier, event.outcome)
    free = -1 if total == 0 else 0
    costed = total if event.cost.amount else ZERO
    usage = (-1, free, -event.duration_seconds, -tokens, -total, -event.cost.amount, -costed)
    taken = [statement_of(ADD_DAILY_USAGE, USAGE_KINDS, [(*day, event.channel, *ending, event.currency, *usage)])]
    if event.lines:  # each of another component, as a rate card has one rate for each that applies
        lines = [
            (line["component"], line["unit"], event.currency, -1, -Decimal(line["quantity"]), -Decimal(line["amount"]))
            for line in event.lines
        ]
        sums = [(*day, *ending, *line) for line in lines]
        taken.append(statement_of(ADD_DAILY_COMPONENTS, COMPONENT_KINDS, sums))
    return taken


def tokens_of(event_type: str, data: dict[str, Any]) -> Decimal:
    """All language-model tokens an event reports, where its type has such fields.

    Elsewhere they are unknown fields, which may hold anything; an hour's are those of its messages, counted already.
    """
    if event_type not in TOKEN_TYPES:
        return ZERO
    return Decimal(data.get("llm_input_tokens") or 0) + Decimal(data.get("llm_output_tokens") or 0)


def _usage_sums(entered: Sequence[EventRow], currency: str) -> list[tuple[Any, ...]]:
    """(key…, currency, count, free count, seconds, tokens, spent, cost, spent where a cost is known) of the events."""
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for row in entered:
        event, rated = row.priced.event, row.priced.rated
        data = event.data
        key = (
            row.priced.account.id,
            row.priced.project.id,
            row.day,
            row.priced.project.is_sandbox,
            event.event_type,
            text(data, "channel"),
            row.model,
            "" if rated is None else rated.tier,
            "" if rated is None else rated.outcome,
        )
        known = sums.setdefault(key, [0, 0, ZERO, ZERO, ZERO, ZERO, ZERO])
        known[0] += 1
        known[1] += rated is not None and not rated.total
        known[2] += data.get("duration_seconds") or ZERO
        known[3] += tokens_of(event.event_type, data)
        if rated is not None:
            known[4] += rated.total
            known[5] += rated.cost
            known[6] += rated.total if rated.cost else ZERO
    return [(*key, currency, *values) for key, values in sorted(sums.items())]


def _component_sums(entered: Sequence[EventRow], currency: str) -> list[tuple[Any, ...]]:
    """(key…, currency, lines, quantity, amount) of the events' charge lines."""
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for row in entered:
        priced, rated = row.priced, row.priced.rated
        if rated is None:
            continue
        day = (priced.account.id, priced.project.id, row.day, priced.project.is_sandbox, priced.event.event_type)
        for line in rated.lines:
            key = (*day, rated.model, rated.tier, rated.outcome, line.component, line.unit)
            known = sums.setdefault(key, [0, ZERO, ZERO])
            known[0] += 1
            known[1] += line.quantity
            known[2] += line.amount
    return [(*key, currency, *values) for key, values in sorted(sums.items())]


def statement_of(sql: str, kinds: Sequence[str], sums: Sequence[tuple[Any, ...]]) -> Statement:
    """One of the statements above with the sums as its rows, column by column of these kinds."""
    source, params = rows(*zip(kinds, zip(*sums, strict=True), strict=True))
    return sql.format(rows=source), params
