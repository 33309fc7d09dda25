"""Events and the hot endpoints in the words of OpenAPI; a field is described beside its rule (`usage.api.fields`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from usage.api import fields, requests
from usage.api.intake import ENVELOPE, EVENTS_MAX, REQUIRED
from usage.api.media import EVENT_TYPES, JSON_TYPES
from usage.api.parameters import IDEMPOTENCY_KEY
from usage.models.event import EventType

Schema = dict[str, Any]

AMOUNT: Schema = {"type": "string", "pattern": r"^-?\d{1,14}\.\d{6}$"}
WORD: Schema = {"type": "string"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
REASONS = (
    "insufficient_balance",
    "balance_reserved",
    "daily_limit_reached",
    "concurrency_limit_reached",
    "credit_limit_reached",
    "price_on_request",
    "account_suspended",
    "wallet_frozen",
    "payment_overdue",
    "call_ended",
)


def ref(name: str) -> Schema:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema: Schema) -> Schema:
    """The schema, or null."""
    if "$ref" in schema:
        return {"oneOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def _answer(properties: dict[str, Schema], *, optional: Iterable[str] = ()) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in set(optional)],
    }


def _request(table: fields.Table, *required: str) -> Schema:
    return {
        "type": "object",
        "properties": _properties(table),
        "required": list(required),
        "additionalProperties": False,
    }


def _properties(table: fields.Table) -> dict[str, Schema]:
    return {name: fields.SCHEMAS[rule] for name, rule in table.items() if rule in fields.SCHEMAS}


def _event(event_type: str, needed: Iterable[str] = REQUIRED) -> Schema:
    envelope = _properties(ENVELOPE)
    data = {"type": "object", "properties": _properties(fields.DATA[event_type])}
    required = fields.REQUIRED_DATA[event_type]
    if required:
        data["required"] = list(required)
    return {
        "type": "object",
        "properties": {
            **envelope,
            "datacontenttype": WORD,
            "type": {"type": "string", "enum": [event_type]},
            "data": data,
        },
        "required": list(needed),
    }


EVENT_NAMES = {event_type: "".join(part.title() for part in event_type.split(".")) for event_type in fields.DATA}

# The event of an estimate needs no ids; without a type it is a call.
ESTIMATE: Schema = {
    "oneOf": [
        {
            **_event(event_type, ["data"] if event_type == EventType.CALL else ["type", "data"]),
            "additionalProperties": False,
        }
        for event_type in fields.DATA
    ]
}

REASON = nullable({"type": "string", "enum": [*REASONS, None]})
HOLD = {
    "type": "object",
    "properties": {"amount": AMOUNT, "currency": WORD, "expires_at": MOMENT},
    "required": ["amount", "currency", "expires_at"],
}
SCHEMAS: dict[str, Schema] = {
    **{name: _event(event_type) for event_type, name in EVENT_NAMES.items()},
    "Event": {"oneOf": [ref(name) for name in EVENT_NAMES.values()]},
    "EventBalance": _answer({"available": AMOUNT, "held": AMOUNT, "currency": WORD}),
    "EventError": _answer(
        {
            "code": WORD,
            "detail": WORD,
            "errors": {"type": "object", "additionalProperties": {"type": "array", "items": WORD}},
        },
        optional=["errors"],
    ),
    "EventResult": _answer(
        {
            "id": WORD,
            "source": WORD,
            "status": {"type": "string", "enum": ["accepted", "duplicate", "rejected"]},
            "simulated": {"type": "boolean"},
            "charge": nullable(ref("Charge")),
            "balance": ref("EventBalance"),
            "error": ref("EventError"),
        },
        optional=["simulated", "charge", "balance", "error"],
    ),
    "EventResults": _answer({"results": {"type": "array", "items": ref("EventResult")}}),
    "VoidRequest": _request(requests.VOID, "source", "id", "reason"),
    "VoidResult": _answer(
        {
            "id": WORD,
            "source": WORD,
            "status": {"type": "string", "enum": ["void"]},
            "simulated": {"type": "boolean"},
            "charge": nullable(ref("Charge")),
            "reason": WORD,
            "balance": ref("EventBalance"),
        }
    ),
    "Hold": HOLD,
    "AuthorizeRequest": _request(requests.AUTHORIZE, "account", "call_id"),
    "AuthorizeAnswer": _answer(
        {
            "call_id": WORD,
            "allowed": {"type": "boolean"},
            "reason": REASON,
            "message": {"type": "string", "description": "Fit to show a person."},
            "mode": {"type": "string", "enum": ["live", "sandbox"]},
            "on_exhaustion": {"type": "string", "enum": ["finish", "hangup"]},
            "max_duration_seconds": {"type": "integer"},
            "hold": nullable(ref("Hold")),
            "balance": ref("EventBalance"),
        }
    ),
    "ExtendRequest": _request(requests.EXTEND, "call_id", "elapsed_seconds"),
    "ExtendAnswer": _answer(
        {
            "call_id": WORD,
            "proceed": {"type": "boolean"},
            "reason": REASON,
            "hold": nullable(ref("Hold")),
            "max_duration_seconds": {"type": "integer"},
        }
    ),
    "ReleaseRequest": _request(requests.RELEASE, "call_id"),
}


def _json(schema: Schema, media_types: Iterable[str] = JSON_TYPES) -> dict[str, Any]:
    return {media_type: {"schema": schema} for media_type in sorted(media_types)}


def _operation(
    name: str,
    summary: str,
    *,
    body: Schema,
    answers: dict[str, Schema | None],
    media_types: Iterable[str] = JSON_TYPES,
    is_keyed: bool = False,
) -> dict[str, Any]:
    return {
        "parameters": [KEY_PARAMETER] if is_keyed else [],
        "operationId": name,
        "summary": summary,
        "tags": ["v1"],
        "security": [{"serviceKey": []}],
        "requestBody": {"required": True, "content": _json(body, media_types)},
        "responses": {
            status: {"description": ""} if schema is None else {"description": "", "content": _json(schema)}
            for status, schema in answers.items()
        },
    }


KEY_PARAMETER: Schema = {
    "name": IDEMPOTENCY_KEY.name,
    "in": "header",
    "schema": IDEMPOTENCY_KEY.type,
    "description": IDEMPOTENCY_KEY.description,
}
EVENTS_BODY: Schema = {"oneOf": [ref("Event"), {"type": "array", "items": ref("Event"), "maxItems": EVENTS_MAX}]}
PATHS: dict[str, dict[str, Any]] = {
    "/api/v1/events": _operation(
        "report_events",
        "Charge one event or an array of up to 1,000. Sending one again charges nothing twice.",
        body=EVENTS_BODY,
        answers={"200": ref("EventResults"), "201": ref("EventResults")},
        media_types=EVENT_TYPES,
    ),
    "/api/v1/events/void": _operation(
        "void_event",
        "Reverse what an event was charged, by an opposite entry.",
        body=ref("VoidRequest"),
        answers={"200": ref("VoidResult")},
        is_keyed=True,
    ),
    "/api/v1/calls/authorize": _operation(
        "authorize_call",
        "May this call start?",
        body=ref("AuthorizeRequest"),
        answers={"200": ref("AuthorizeAnswer")},
    ),
    "/api/v1/calls/extend": _operation(
        "extend_call",
        "May this call go on?",
        body=ref("ExtendRequest"),
        answers={"200": ref("ExtendAnswer")},
        is_keyed=True,
    ),
    "/api/v1/calls/release": _operation(
        "release_call", "The call never connected.", body=ref("ReleaseRequest"), answers={"204": None}, is_keyed=True
    ),
}
