"""The statements that write usage events and refusals: one each for all rows of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import msgspec

from organizations.database import Statement, rows
from usage.services.incoming import Rejection
from usage.services.pricing import PricedEvent, text

_encode = msgspec.json.Encoder().encode

# ON CONFLICT decides who is first; the caller compares the number of rows with what it sent.
INSERT_EVENTS = """
INSERT INTO usage_usageevent (id, source, event_id, event_type, occurred_at, body, account_id, project_id, is_simulated,
       day, call_id, channel, direction, call_status, model, tier, outcome, outcome_reason, started_at,
       duration_seconds, version_id, total, cost, lines, free_code, free_reason, hour, hold_id, transaction_id,
       available_after, held_after, service_id, received_at, currency, status, void_reason)
SELECT id, source, event_id, event_type, occurred_at, body::jsonb, account_id, project_id, is_simulated,
       day, call_id, channel, direction, call_status, model, tier, outcome, outcome_reason, started_at,
       duration_seconds, version_id, total, cost, lines::jsonb, free_code, free_reason, hour, hold_id, transaction_id,
       available_after, held_after, %s, %s, %s, 'accepted', ''
  FROM {rows} AS v(id, source, event_id, event_type, occurred_at, body, account_id, project_id, is_simulated,
       day, call_id, channel, direction, call_status, model, tier, outcome, outcome_reason, started_at,
       duration_seconds, version_id, total, cost, lines, free_code, free_reason, hour, hold_id, transaction_id,
       available_after, held_after)
ON CONFLICT (service_id, source, event_id) DO NOTHING RETURNING 1
"""
INSERT_REJECTIONS = """
INSERT INTO usage_rejectedevent (service_id, source, event_id, subject, code, detail, body, received_at)
SELECT %s, *, now() FROM {rows} AS v
"""
REJECTED_BODY_CHARACTERS = 4000


@dataclass(slots=True)
class EventRow:
    """A priced event with what only its posting could tell."""

    id: int
    priced: PricedEvent
    lines: list[dict[str, str]]
    day: date
    hold_id: int | None
    transaction_id: int | None
    available_after: Decimal
    held_after: Decimal

    @property
    def total(self) -> Decimal | None:
        """The charge, None for a message that is charged with its hour."""
        return None if self.priced.rated is None else self.priced.rated.total

    @property
    def model(self) -> str:
        """The model that priced the event, or the one a message names."""
        return text(self.priced.event.data, "model") if self.priced.rated is None else self.priced.rated.model


def insert_events(entered: Sequence[EventRow], *, service_id: int, currency: str, now: datetime) -> Statement:
    """All events, in key order, so that two batches with common keys cannot wait for each other in a circle."""
    ordered = sorted(entered, key=lambda row: (row.priced.event.source, row.priced.event.event_id))
    events = [row.priced.event for row in ordered]
    rated = [row.priced.rated for row in ordered]
    source, params = rows(
        ("bigint", [row.id for row in ordered]),
        ("text", [event.source for event in events]),
        ("text", [event.event_id for event in events]),
        ("varchar", [event.event_type for event in events]),
        ("timestamptz", [event.occurred_at for event in events]),
        ("text", [event.body.decode() for event in events]),
        ("bigint", [row.priced.account.id for row in ordered]),
        ("bigint", [row.priced.project.id for row in ordered]),
        ("boolean", [row.priced.project.is_sandbox for row in ordered]),
        ("date", [row.day for row in ordered]),
        ("text", [text(event.data, "call_id") for event in events]),
        ("text", [text(event.data, "channel") for event in events]),
        ("text", [text(event.data, "direction") for event in events]),
        ("text", [text(event.data, "status") for event in events]),
        ("text", [row.model for row in ordered]),
        ("text", ["" if r is None else r.tier for r in rated]),
        ("text", ["" if r is None else r.outcome for r in rated]),
        ("text", ["" if r is None else r.outcome_reason for r in rated]),
        ("timestamptz", [row.priced.started_at for row in ordered]),
        ("numeric", [event.data.get("duration_seconds") or 0 for event in events]),
        ("bigint", [row.priced.version.id for row in ordered]),
        ("numeric", [None if r is None else r.total for r in rated]),
        ("numeric", [0 if r is None else r.cost for r in rated]),
        ("text", [_encode(row.lines).decode() for row in ordered]),
        ("text", ["" if r is None else r.free_code for r in rated]),
        ("text", ["" if r is None else r.free_reason for r in rated]),
        ("timestamptz", [row.priced.hour for row in ordered]),
        ("bigint", [row.hold_id for row in ordered]),
        ("bigint", [row.transaction_id for row in ordered]),
        ("numeric", [row.available_after for row in ordered]),
        ("numeric", [row.held_after for row in ordered]),
    )
    return INSERT_EVENTS.format(rows=source), [service_id, now, currency, *params]


def insert_rejections(rejections: Sequence[Rejection], *, service_id: int) -> Statement:
    """Refusals, for staff to see."""
    bodies = [r.body[:REJECTED_BODY_CHARACTERS].decode(errors="replace").replace("\x00", "") for r in rejections]
    source, params = rows(
        ("text", [r.source for r in rejections]),
        ("text", [r.event_id for r in rejections]),
        ("text", [r.subject for r in rejections]),
        ("text", [r.code for r in rejections]),
        ("text", [r.detail for r in rejections]),
        ("text", bodies),
    )
    return INSERT_REJECTIONS.format(rows=source), [service_id, *params]
