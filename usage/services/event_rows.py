"""The statements that write usage events, their daily roll-up and refusals: one each for all rows of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from organizations.database import Statement, array, text_array, time_array
from usage.models.event import EventType
from usage.services.incoming import Rejection
from usage.services.pricing import PricedEvent, text

ZERO = Decimal(0)
_encode = msgspec.json.Encoder().encode

# ON CONFLICT decides who is first; the caller compares the number of rows with what it sent.
INSERT_EVENTS = """
INSERT INTO usage_usageevent (id, service_id, source, event_id, event_type, occurred_at, received_at, body, account_id,
       project_id, is_simulated, day, call_id, channel, direction, call_status, model, tier, outcome, outcome_reason,
       started_at, duration_seconds, version_id, currency, total, cost, lines, free_code, free_reason, hour, hold_id,
       transaction_id, available_after, held_after, status, voided_at, void_reason)
SELECT id, %s, source, event_id, event_type, occurred_at, %s, body::jsonb, account_id, project_id, is_simulated, day,
       call_id, channel, direction, call_status, model, tier, outcome, outcome_reason, started_at, duration_seconds,
       version_id, %s, total, cost, lines::jsonb, free_code, free_reason, hour, hold_id, transaction_id,
       available_after, held_after, 'accepted', NULL, ''
  FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::bigint[],
              %s::bigint[], %s::boolean[], %s::date[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
              %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::numeric[], %s::bigint[], %s::numeric[],
              %s::numeric[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::bigint[], %s::bigint[],
              %s::numeric[], %s::numeric[])
       AS v(id, source, event_id, event_type, occurred_at, body, account_id, project_id, is_simulated, day, call_id,
            channel, direction, call_status, model, tier, outcome, outcome_reason, started_at, duration_seconds,
            version_id, total, cost, lines, free_code, free_reason, hour, hold_id, transaction_id, available_after,
            held_after)
ON CONFLICT (service_id, source, event_id) DO NOTHING RETURNING 1
"""
ADD_DAILY_USAGE = """
INSERT INTO usage_dailyusage AS u (account_id, project_id, day, is_simulated, event_type, channel, model, tier, outcome,
       currency, count, free_count, seconds, tokens, spent, cost)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::date[], %s::boolean[], %s::text[], %s::text[], %s::text[],
       %s::text[], %s::text[], %s::text[], %s::int[], %s::int[], %s::numeric[], %s::numeric[], %s::numeric[],
       %s::numeric[])
ON CONFLICT (account_id, day, project_id, is_simulated, event_type, channel, model, tier, outcome) DO UPDATE SET
  count = u.count + EXCLUDED.count, free_count = u.free_count + EXCLUDED.free_count,
  seconds = u.seconds + EXCLUDED.seconds, tokens = u.tokens + EXCLUDED.tokens, spent = u.spent + EXCLUDED.spent,
  cost = u.cost + EXCLUDED.cost
"""
INSERT_REJECTIONS = """
INSERT INTO usage_rejectedevent (service_id, source, event_id, subject, code, detail, body, received_at)
SELECT %s, *, now() FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
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


def insert_events(rows: Sequence[EventRow], *, service_id: int, currency: str, now: datetime) -> Statement:
    """All events, in key order, so that two batches with common keys cannot wait for each other in a circle."""
    ordered = sorted(rows, key=lambda row: (row.priced.event.source, row.priced.event.event_id))
    events = [row.priced.event for row in ordered]
    rated = [row.priced.rated for row in ordered]
    return INSERT_EVENTS, [
        service_id,
        now,
        currency,
        array([row.id for row in ordered]),
        text_array([event.source for event in events]),
        text_array([event.event_id for event in events]),
        array([event.event_type for event in events]),
        time_array([event.occurred_at for event in events]),
        text_array([event.body.decode() for event in events]),
        array([row.priced.account.id for row in ordered]),
        array([row.priced.project.id for row in ordered]),
        array([row.priced.project.is_sandbox for row in ordered]),
        array([row.day for row in ordered]),
        text_array([text(event.data, "call_id") for event in events]),
        text_array([text(event.data, "channel") for event in events]),
        text_array([text(event.data, "direction") for event in events]),
        text_array([text(event.data, "status") for event in events]),
        text_array(
            [text(event.data, "model") if r is None else r.model for r, event in zip(rated, events, strict=True)]
        ),
        text_array(["" if r is None else r.tier for r in rated]),
        text_array(["" if r is None else r.outcome for r in rated]),
        text_array(["" if r is None else r.outcome_reason for r in rated]),
        time_array([row.priced.started_at for row in ordered]),
        array([event.data.get("duration_seconds") or 0 for event in events]),
        array([row.priced.version.id for row in ordered]),
        array([None if r is None else r.total for r in rated]),
        array([0 if r is None else r.cost for r in rated]),
        text_array([_encode(row.lines).decode() for row in ordered]),
        text_array(["" if r is None else r.free_code for r in rated]),
        text_array(["" if r is None else r.free_reason for r in rated]),
        time_array([row.priced.hour for row in ordered]),
        array([row.hold_id for row in ordered]),
        array([row.transaction_id for row in ordered]),
        array([row.available_after for row in ordered]),
        array([row.held_after for row in ordered]),
    ]


def add_daily_usage(rows: Sequence[EventRow], *, currency: str) -> Statement:
    """The events added to the daily roll-up, in key order."""
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows:
        event, rated = row.priced.event, row.priced.rated
        data = event.data
        key = (
            row.priced.account.id,
            row.priced.project.id,
            row.day,
            row.priced.project.is_sandbox,
            event.event_type,
            text(data, "channel"),
            text(data, "model") if rated is None else rated.model,
            "" if rated is None else rated.tier,
            "" if rated is None else rated.outcome,
        )
        known = sums.setdefault(key, [0, 0, ZERO, ZERO, ZERO, ZERO])
        known[0] += 1
        known[1] += rated is not None and not rated.total
        known[2] += data.get("duration_seconds") or ZERO
        known[3] += tokens(event.event_type, data)
        if rated is not None:
            known[4] += rated.total
            known[5] += rated.cost
    return daily_usage_statement([(*key, currency, *values) for key, values in sorted(sums.items())])


def daily_usage_statement(rows: Sequence[tuple[Any, ...]]) -> Statement:
    """Adds rows of (key…, currency, count, free count, seconds, tokens, spent, cost) to the roll-up."""
    columns = list(zip(*rows, strict=True))
    return ADD_DAILY_USAGE, [
        text_array(column) if 4 <= index <= 8 else array(column) for index, column in enumerate(columns)
    ]


def tokens(event_type: str, data: dict[str, Any]) -> Decimal:
    """All language-model tokens an event reports; an hour's are those of its messages, which were counted already."""
    if event_type == EventType.CHAT_HOUR:
        return ZERO
    return Decimal(data.get("llm_input_tokens") or 0) + Decimal(data.get("llm_output_tokens") or 0)


def insert_rejections(rejections: Sequence[Rejection], *, service_id: int) -> Statement:
    """Refusals, for staff to see."""
    return INSERT_REJECTIONS, [
        service_id,
        text_array([r.source for r in rejections]),
        text_array([r.event_id for r in rejections]),
        text_array([r.subject for r in rejections]),
        text_array([r.code for r in rejections]),
        text_array([r.detail for r in rejections]),
        text_array(
            [r.body[:REJECTED_BODY_CHARACTERS].decode(errors="replace").replace("\x00", "") for r in rejections]
        ),
    ]
