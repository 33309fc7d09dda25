"""The statements by which a batch of a re-rating writes its events: one each for all rows of a kind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from organizations.database import Statement, array, rows
from usage.models import Rerating
from usage.services.rerating.anew import Charge

_encode = msgspec.json.Encoder().encode

KEEP_REVISIONS = """
INSERT INTO usage_chargerevision (event_id, rerating_id, revised_at, reason, version_id, currency, total, new_total,
       cost, model, tier, outcome, outcome_reason, free_code, free_reason, lines, transaction_id)
SELECT e.id, %s::bigint, %s::timestamptz, %s::text, e.version_id, e.currency, e.total, v.new_total, e.cost, e.model,
       e.tier, e.outcome, e.outcome_reason, e.free_code, e.free_reason, e.lines, e.transaction_id
  FROM {rows} AS v(id, new_total) JOIN usage_usageevent e ON e.id = v.id
"""
UPDATE_CHARGES = """
UPDATE usage_usageevent e
   SET version_id = v.version_id, total = v.total, cost = v.cost, lines = v.lines::jsonb, model = v.model,
       tier = v.tier, outcome = v.outcome, outcome_reason = v.outcome_reason, free_code = v.free_code,
       free_reason = v.free_reason, transaction_id = v.transaction_id
  FROM {rows} AS v(id, version_id, total, cost, lines, model, tier, outcome, outcome_reason, free_code, free_reason,
                   transaction_id)
 WHERE e.id = v.id
"""
MARK_REVERSED = """
UPDATE usage_usageevent SET status = 'void', voided_at = %s::timestamptz, void_reason = %s::text
 WHERE id = ANY(%s::bigint[])
"""
END_CALLS = """
UPDATE usage_reratedcall r SET state = v.state, why = v.why FROM {rows} AS v(id, state, why) WHERE r.id = v.id
"""
Anew = tuple[int, Charge, int | None]
"""An event, its charge now, and the transaction of it where money moved."""


def keep_revisions(rerating: Rerating, anew: Sequence[Anew], now: datetime) -> Statement:
    """What the events were charged until now; before `update_charges`."""
    source, params = rows(
        ("bigint", [event_id for event_id, _charge, _id in anew]),
        ("numeric", [charge.total for _event, charge, _id in anew]),
    )
    return KEEP_REVISIONS.format(rows=source), [rerating.pk, now, rerating.reason, *params]


def update_charges(anew: Sequence[Anew]) -> Statement:
    """What the events are charged now."""
    charges = [charge for _event, charge, _id in anew]
    source, params = rows(
        ("bigint", [event_id for event_id, _charge, _id in anew]),
        ("bigint", [charge.version_id for charge in charges]),
        ("numeric", [charge.total for charge in charges]),
        ("numeric", [charge.cost for charge in charges]),
        ("text", [_encode(charge.lines).decode() for charge in charges]),
        ("text", [charge.model for charge in charges]),
        ("text", [charge.tier for charge in charges]),
        ("text", [charge.outcome for charge in charges]),
        ("text", [charge.outcome_reason for charge in charges]),
        ("text", [charge.free_code for charge in charges]),
        ("text", [charge.free_reason for charge in charges]),
        ("bigint", [transaction_id for _event, _charge, transaction_id in anew]),
    )
    return UPDATE_CHARGES.format(rows=source), params


def mark_reversed(event_ids: Sequence[int], reason: str, now: datetime) -> Statement:
    """Events whose charge was reversed, with nothing in its place."""
    return MARK_REVERSED, [now, reason, array(event_ids)]


def end_calls(ended: Sequence[tuple[int, str, str]]) -> Statement:
    """What became of the job's calls: id, state and, where they were left alone, why."""
    source, params = rows(*zip(("bigint", "varchar", "text"), zip(*ended, strict=True), strict=True))
    return END_CALLS.format(rows=source), params
