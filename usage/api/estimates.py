"""The event of an estimate: as a call would send it, without ids (API.md, 'Accounts')."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from usage.api import fields
from usage.api.fields import Errors
from usage.api.intake import ENVELOPE, read_data
from usage.api.requests import InvalidRequest
from usage.models.event import EventType
from usage.services.incoming import IncomingEvent


def read_estimate(given: Any, *, subject: str, now: datetime) -> IncomingEvent:
    """The event, of now unless it says otherwise; a call unless it names its type. Raises InvalidRequest (422)."""
    if not isinstance(given, dict):
        raise InvalidRequest({"request": ["Must be a JSON object."]})
    errors: Errors = {}
    found = fields.check(ENVELOPE, given, errors)
    fields.require(("data",), found, errors)
    fields.refuse_unknown(ENVELOPE, given, errors)
    event_type = found.get("type", EventType.CALL.value)
    data = read_data(event_type, found["data"], errors) if "data" in found else {}
    if errors:
        raise InvalidRequest(errors)
    return IncomingEvent(
        source="",
        event_id="",
        event_type=event_type,
        occurred_at=found.get("time", now),
        subject=subject,
        project=data.get("project"),
        data=data,
        body=b"",
    )
