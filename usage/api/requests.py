"""What the hot endpoints' requests hold besides events, field by field; everything else in them is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from usage.api import fields
from usage.api.fields import Errors
from usage.api.parsing import decode_request
from usage.services.incoming import AuthorizeRequest

VOID_REASON_LENGTH_MAX = 255

AUTHORIZE: fields.Table = {
    "account": fields.IDENTIFIER,
    "project": fields.IDENTIFIER,
    "call_id": fields.IDENTIFIER,
    "channel": fields.CHANNEL,
    "direction": fields.DIRECTION,
    "model": fields.MODEL,
    "tier": fields.TIER,
    "caller": fields.CALLER,
    "max_duration_seconds": fields.whole(least=1, digits=fields.SECONDS_DIGITS),
}
EXTEND: fields.Table = {"call_id": fields.IDENTIFIER, "elapsed_seconds": fields.SECONDS}
RELEASE: fields.Table = {"call_id": fields.IDENTIFIER}
VOID: fields.Table = {
    "source": fields.IDENTIFIER,
    "id": fields.IDENTIFIER,
    "reason": fields.text(length_max=VOID_REASON_LENGTH_MAX),
}


@dataclass(slots=True)
class InvalidRequest(Exception):  # noqa: N818 - what the sender is told
    """422: fields are missing, unknown or hold what they may not."""

    errors: Errors


def read(body: bytes, table: fields.Table, *required: str) -> dict[str, Any]:
    """The body's fields, checked. Raises UnfitJSON (400) and InvalidRequest (422)."""
    given = decode_request(body)
    if not isinstance(given, dict):
        raise InvalidRequest({"request": ["Must be a JSON object."]})
    errors: Errors = {}
    found = fields.check(table, given, errors)
    fields.require(required, found, errors)
    fields.refuse_unknown(table, given, errors)
    if errors:
        raise InvalidRequest(errors)
    return found


def authorize_request(body: bytes) -> AuthorizeRequest:
    """The question whether a call may start. Raises as `read`."""
    found = read(body, AUTHORIZE, "account", "call_id")
    return AuthorizeRequest(
        account=found["account"],
        project=found.get("project"),
        call_id=found["call_id"],
        channel=found.get("channel", ""),
        direction=found.get("direction", ""),
        model=found.get("model", ""),
        tier=found.get("tier", ""),
        max_duration_seconds=found.get("max_duration_seconds"),
        body=found,
        caller=found.get("caller", ""),
    )
