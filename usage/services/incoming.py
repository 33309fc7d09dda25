"""Usage events between the API, which parses and validates them, and the charge service, which rates them.

An `IncomingEvent` is well formed: its quantities are exact, its times aware, its texts fit for the database. What was
not became a `Rejection` that keeps its place in the array.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class IncomingEvent:
    """One event, valid in itself; whether its account exists and what it costs is not known yet."""

    source: str
    event_id: str
    event_type: str
    occurred_at: datetime
    subject: str
    project: str | None
    data: dict[str, Any]
    body: bytes


@dataclass(slots=True)
class Rejection:
    """One event that is refused, with the code and the words that its sender gets."""

    source: str
    event_id: str
    subject: str
    code: str
    detail: str
    body: bytes
    errors: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class AuthorizeRequest:
    """The question whether a call may start (API.md, 'Calls')."""

    account: str
    project: str | None
    call_id: str
    channel: str
    direction: str
    model: str
    tier: str
    max_duration_seconds: int | None
    body: dict[str, Any]
    caller: str = ""
