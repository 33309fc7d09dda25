"""Telling of what happened: one row per happening, in the caller's transaction; who hears of it is worked out after.

`key` makes a repetition nothing. After the commit a worker is told; if the broker does not hear it, a sweep finds the
row. Apps above say what an event's words are (`notifications.words`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from django.utils import timezone

from notifications.models.notice import Audience, Event
from notifications.services.doorbell import ring_for_notices
from organizations.database import Statement, rows, run

INSERT = """
INSERT INTO notifications_notice (account_id, event, key, subject, facts, audience, created_at, is_quiet)
SELECT account_id, event, key, subject, facts::jsonb, audience, created_at, false
  FROM {rows} AS v(account_id, event, key, subject, facts, audience, created_at)
ON CONFLICT (key) DO NOTHING
"""
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Told:
    """One happening. `facts` is plain JSON, numbers and moments as text: what the words need besides the account.

    `audience` leaves out those who hear of it by another notice.
    """

    account_id: int
    event: Event
    key: str
    subject: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    audience: Audience = Audience.EVERYONE
    at: datetime = field(default_factory=timezone.now)


def tell(told: Told) -> None:
    """Put one happening into the outbox, in the caller's transaction."""
    run(insert([told]))


def insert(told: Sequence[Told]) -> Statement:
    """The statement that puts happenings into the outbox; rings after the commit."""
    ring_for_notices()
    source, params = rows(
        ("bigint", [each.account_id for each in told]),
        ("varchar", [each.event.value for each in told]),
        ("text", [each.key for each in told]),
        ("text", [each.subject for each in told]),
        ("text", [_encode(dict(each.facts)).decode() for each in told]),
        ("varchar", [each.audience.value for each in told]),
        ("timestamptz", [each.at for each in told]),
    )
    return INSERT.format(rows=source), params
