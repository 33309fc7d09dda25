"""What an event that is kept reported, as the rating engine takes it: from the body as the database has it.

A body was checked when it came; it is read again by the same table of fields, so that a charge worked out anew sees
what the first one saw.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from usage.api import fields
from usage.api.parsing import exact_number
from usage.models.event import EventType

CHAT_HOUR = EventType.CHAT_HOUR.value
HOUR_SUMS = ("llm_input_tokens", "llm_output_tokens", "messages")
_decode = msgspec.json.Decoder(float_hook=exact_number).decode


class UnreadableError(ValueError):
    """The body does not hold what its type must report; the message says which fields are at fault."""


def facts_of(event_type: str, body: str) -> dict[str, Any]:
    """The event's data, quantities exact; `body` is the event's JSON text (`body::text`, so that no digit is lost).

    Raises UnreadableError.
    """
    try:
        event = _decode(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise UnreadableError("The body is no JSON.") from error
    if event_type == CHAT_HOUR:
        return {**{name: Decimal(event.get(name) or 0) for name in HOUR_SUMS}, "channel": "chat"}
    given = event.get("data")
    errors: fields.Errors = {}
    table = fields.DATA.get(event_type)
    if table is None or not isinstance(given, dict):
        raise UnreadableError("The event has no data of a known type.")
    data = {**fields.DEFAULT_DATA.get(event_type, {}), **fields.check(table, given, errors)}
    fields.require(fields.REQUIRED_DATA[event_type], data, errors)
    if errors:
        raise UnreadableError(" ".join(f"{name}: {' '.join(words)}" for name, words in errors.items()))
    return data
