"""From a request body to usage events, each well formed or refused in its place (API.md, 'Usage events').

Every event keeps its bytes as they came, for the database and for telling the same event from another under its key.
What one event gets wrong never touches the others; only a body that is no JSON at all is refused as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from usage.api import fields
from usage.api.fields import Errors, Invalid
from usage.api.parsing import decode, needs_care, split_array
from usage.services import chat_hours
from usage.services.incoming import IncomingEvent, Rejection

EVENTS_MAX = 1000
AHEAD_MAX = timedelta(minutes=5)
CODE = "invalid_event"
JSON_SPACE = b" \t\r\n"


class TooManyEvents(ValueError):  # noqa: N818 - a state of the input
    """The array is longer than `EVENTS_MAX`."""


@dataclass(slots=True)
class Intake:
    """The events of one request, in the order sent."""

    items: list[IncomingEvent | Rejection]
    is_array: bool


def _media_type(value: Any) -> str:
    if type(value) is str:
        essence = value.partition(";")[0].strip().lower()
        if essence == "application/json" or essence.endswith("+json"):
            return value
    raise Invalid("Must be application/json, or left out.")


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise Invalid("Must be an object.")


ENVELOPE: fields.Table = {
    "specversion": fields.choice("1.0"),
    "id": fields.IDENTIFIER,
    "source": fields.text(reserved=chat_hours.SOURCE),
    "type": fields.choice(*fields.DATA),
    "time": fields.moment,
    "subject": fields.IDENTIFIER,
    "datacontenttype": _media_type,
    "data": _object,
}
REQUIRED = ("specversion", "id", "source", "type", "time", "subject", "data")


def read_events(body: bytes, *, now: datetime) -> Intake:
    """The events of the body, one or an array. Raises MalformedJSON and TooManyEvents."""
    carefully = needs_care(body)
    latest = now + AHEAD_MAX
    body = body.strip(JSON_SPACE)
    if body[:1] != b"[":
        return Intake([read_event(body, carefully=carefully, latest=latest)], is_array=False)
    raws = split_array(body)
    if len(raws) > EVENTS_MAX:
        raise TooManyEvents
    return Intake([read_event(raw, carefully=carefully, latest=latest) for raw in raws], is_array=True)


def read_event(raw: bytes, *, carefully: bool, latest: datetime) -> IncomingEvent | Rejection:
    """One event, or why it is refused. Raises MalformedJSON."""
    event, faults = decode(raw, carefully=carefully)
    if not isinstance(event, dict):
        return _refuse({}, {"event": ["Must be an object."]}, raw)
    errors: Errors = dict(faults)
    found = fields.check(ENVELOPE, event, errors)
    if len(found) < len(REQUIRED) or errors:
        fields.require(REQUIRED, found, errors)
    event_type = found.get("type")
    given = found.get("data")
    data: dict[str, Any] = {}
    if event_type is not None and given is not None:
        data = read_data(event_type, given, errors)
    for name, moment in (("time", found.get("time")), ("data.started_at", data.get("started_at"))):
        if moment is not None and moment > latest:
            errors[name] = ["Must not be more than five minutes in the future."]
    if errors:
        return _refuse({} if faults else found, errors, raw)
    return IncomingEvent(
        found["source"], found["id"], found["type"], found["time"], found["subject"], data.get("project"), data, raw
    )


def read_data(event_type: str, given: dict[str, Any], errors: Errors) -> dict[str, Any]:
    """The fields that the type has, checked and completed; others are kept with the event's bytes only."""
    data = {
        **fields.DEFAULT_DATA.get(event_type, {}),
        **fields.check(fields.DATA[event_type], given, errors, prefix="data."),
    }
    for name in fields.REQUIRED_DATA[event_type]:
        if name not in data:
            fields.require((name,), data, errors, prefix="data.")
    return data


def _refuse(found: dict[str, Any], errors: Errors, raw: bytes) -> Rejection:
    detail = " ".join(f"{name}: {' '.join(words)}" for name, words in errors.items())
    return Rejection(
        found.get("source", ""), found.get("id", ""), found.get("subject", ""), CODE, detail[:2000], raw, errors
    )
