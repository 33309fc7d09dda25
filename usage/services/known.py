"""Events that were sent before: their first answers, and conflicts where the same key came with another body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from organizations.database import Statement, rows, run
from usage.services.answers import EventResult, balance_dict, charge_dict, duplicate, rejected
from usage.services.incoming import IncomingEvent
from usage.services.pricing import reject

KNOWN_KEYS = """
SELECT e.source, e.event_id FROM {rows} AS k(source, event_id)
  JOIN usage_usageevent e ON e.service_id = %s AND e.source = k.source AND e.event_id = k.event_id
"""
FIRST_ANSWERS = """
SELECT e.source, e.event_id, e.body = k.body::jsonb, e.is_simulated, e.currency,
       CASE WHEN r.total IS NULL THEN e.total ELSE r.total END, coalesce(r.lines, e.lines),
       coalesce(r.free_reason, e.free_reason), e.available_after, e.held_after
  FROM {rows} AS k(source, event_id, body)
  JOIN usage_usageevent e ON e.service_id = %s AND e.source = k.source AND e.event_id = k.event_id
  LEFT JOIN LATERAL (SELECT total, lines, free_reason FROM usage_chargerevision
                      WHERE event_id = e.id ORDER BY id LIMIT 1) r ON true
"""


def known_keys(service_id: int, events: Sequence[IncomingEvent]) -> Statement:
    """The statement that finds which of the events' keys were used before."""
    keys, params = rows(("text", [e.source for e in events]), ("text", [e.event_id for e in events]))
    return KNOWN_KEYS.format(rows=keys), [*params, service_id]


def first_answers(service_id: int, events: Sequence[IncomingEvent]) -> list[EventResult]:
    """The answers to events that were sent before, in their order."""
    keys, params = rows(
        ("text", [event.source for event in events]),
        ("text", [event.event_id for event in events]),
        ("text", [event.body.decode() for event in events]),
    )
    (found,) = run((FIRST_ANSWERS.format(rows=keys), [*params, service_id]))
    by_key = {(row[0], row[1]): row[2:] for row in found}
    return [_answer(event, *by_key[event.source, event.event_id]) for event in events]


def _answer(
    event: IncomingEvent,
    is_same: bool,
    is_simulated: bool,
    currency: str,
    total: Any,
    lines: str,
    free_reason: str,
    available: Any,
    held: Any,
) -> EventResult:
    if not is_same:
        return conflict(event)
    return duplicate(
        {
            "id": event.event_id,
            "source": event.source,
            "simulated": is_simulated,
            "charge": None if total is None else charge_dict(total, currency, msgspec.json.decode(lines), free_reason),
            "balance": balance_dict(available, held, currency),
        }
    )


def conflict(event: IncomingEvent) -> EventResult:
    """The answer to a key that was used with another body."""
    return rejected(reject(event, "idempotency_conflict", "This id was sent before with another body."))
