"""What a service is told of each event it sent (API.md, 'Usage events'). Amounts are strings with six decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from usage.services.event_rows import EventRow
from usage.services.incoming import Rejection

EventResult = dict[str, Any]


def accepted(row: EventRow, currency: str) -> EventResult:
    """The answer to an event that was charged now."""
    rated = row.priced.rated
    charge = None
    if rated is not None:
        charge = charge_dict(rated.total, currency, row.lines, rated.free_reason)
    event = row.priced.event
    return {
        "id": event.event_id,
        "source": event.source,
        "status": "accepted",
        "simulated": row.priced.project.is_sandbox,
        "charge": charge,
        "balance": balance_dict(row.available_after, row.held_after, currency),
    }


def duplicate(first: EventResult) -> EventResult:
    """The first answer again, marked as such."""
    return {**first, "status": "duplicate"}


def rejected(rejection: Rejection) -> EventResult:
    """Why an event was refused."""
    error: dict[str, Any] = {"code": rejection.code, "detail": rejection.detail}
    if rejection.errors:
        error["errors"] = rejection.errors
    return {"id": rejection.event_id, "source": rejection.source, "status": "rejected", "error": error}


def charge_dict(total: Decimal, currency: str, lines: list[dict[str, str]], free_reason: str) -> dict[str, Any]:
    """A charge with its lines, and why it is free where it is."""
    return {
        "total": f"{total:.6f}",
        "currency": currency,
        "lines": lines,
        "free_reason": free_reason or None,
    }


def balance_dict(available: Decimal, held: Decimal, currency: str) -> dict[str, str]:
    """What a service may see of a balance."""
    return {"available": f"{available:.6f}", "held": f"{held:.6f}", "currency": currency}
