"""Chat messages on their way to the hourly charge (aitelier.md, 'Text chat charges').

A message belongs to the clock hour of its own time. Once that hour is closed a late message belongs to the current
hour instead: an hour is charged once. Both are decided under the wallet's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from organizations.database import Statement, rows
from usage.services.incoming import IncomingEvent
from usage.services.pricing import PricedEvent, hour_of

ZERO = Decimal(0)
_decode = msgspec.json.Decoder(float_hook=Decimal).decode

CLOSED_HOURS = """
SELECT h.project_id, h.hour, h.is_simulated
  FROM {rows} AS k(project_id, hour)
  JOIN usage_chathour h ON h.project_id = k.project_id AND h.hour = k.hour
 WHERE h.closed_at IS NOT NULL
"""
ADD_MESSAGES = """
INSERT INTO usage_chathour AS h (service_id, account_id, project_id, is_simulated, hour, messages, llm_input_tokens,
                                 llm_output_tokens, closed_at, charged_at)
SELECT %s, *, NULL, NULL FROM {rows} AS v
ON CONFLICT (project_id, hour, is_simulated) DO UPDATE SET
  messages = h.messages + EXCLUDED.messages, llm_input_tokens = h.llm_input_tokens + EXCLUDED.llm_input_tokens,
  llm_output_tokens = h.llm_output_tokens + EXCLUDED.llm_output_tokens
"""


def closed_hours(messages: Sequence[PricedEvent]) -> Statement:
    """The statement that finds which of the messages' hours are closed."""
    keys, params = rows(("bigint", [m.project.id for m in messages]), ("timestamptz", [m.hour for m in messages]))
    return CLOSED_HOURS.format(rows=keys), params


def move_late_messages(messages: Sequence[PricedEvent], closed: Sequence[tuple[Any, ...]], now: datetime) -> None:
    """Give messages of closed hours the current hour."""
    gone = {(project_id, hour, is_simulated) for project_id, hour, is_simulated in closed}
    for message in messages:
        if (message.project.id, message.hour, message.project.is_sandbox) in gone:
            message.hour = hour_of(now, message.account)


def add_messages(messages: Sequence[PricedEvent], service_id: int) -> Statement:
    """The statement that adds the messages to their hours."""
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for message in messages:
        key = (message.account.id, message.project.id, message.project.is_sandbox, message.hour)
        known = sums.setdefault(key, [0, ZERO, ZERO])
        known[0] += 1
        known[1] += message.event.data.get("llm_input_tokens") or ZERO
        known[2] += message.event.data.get("llm_output_tokens") or ZERO
    kinds = ("bigint", "bigint", "boolean", "timestamptz", "int", "numeric", "numeric")
    columns = zip(*[(*key, *values) for key, values in sorted(sums.items())], strict=True)
    source, params = rows(*zip(kinds, columns, strict=True))
    return ADD_MESSAGES.format(rows=source), [service_id, *params]


def same_body(one: IncomingEvent, other: IncomingEvent) -> bool:
    """Whether two events say the same to the last digit, whatever the order of their fields and the space between."""
    return bool(_decode(one.body) == _decode(other.body))
