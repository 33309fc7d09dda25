"""Calls with their charges, line by line, for the API: newest first by the day they were charged.

Only call events are calls. A page is read by key (`day`, `id`), so a deep one costs what the first does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from usage.models import EventType, UsageEvent
from usage.rating.types import plain

# A call is charged after it starts, but its day is the account's and its start may be 5 minutes ahead.
START_TO_CHARGE_DAYS = 2

Position = tuple[date, int]


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls: of one account or one `call_id` or both; days are those of charging, times those of the start.

    `first_day` and `last_day` are inclusive; `started_from` is inclusive, `started_before` is not.
    """

    product_id: int
    account_id: int | None = None
    call_id: str = ""
    first_day: date | None = None
    last_day: date | None = None
    started_from: datetime | None = None
    started_before: datetime | None = None


def list_calls(wanted: CallFilter, *, after: Position | None, limit: int) -> list[UsageEvent]:
    """Up to `limit` calls that come after the position; (day, id) of a call is its position."""
    rows = _filtered(wanted)
    if after is not None:
        day, event_id = after
        rows = rows.filter(Q(day__lt=day) | Q(id__lt=event_id), day__lte=day)
    related = rows.select_related("account", "project", "service", "version__card", "transaction")
    return list(related.order_by("-day", "-id")[:limit])


def _filtered(wanted: CallFilter) -> QuerySet[UsageEvent]:
    rows = UsageEvent.objects.filter(event_type=EventType.CALL, account__product_id=wanted.product_id)
    if wanted.account_id is not None:
        rows = rows.filter(account_id=wanted.account_id)
    if wanted.call_id:
        rows = rows.filter(call_id=wanted.call_id)
    if wanted.first_day is not None:
        rows = rows.filter(day__gte=wanted.first_day)
    if wanted.last_day is not None:
        rows = rows.filter(day__lte=wanted.last_day)
    if wanted.started_from is not None:
        earliest = wanted.started_from.date() - timedelta(days=START_TO_CHARGE_DAYS)
        rows = rows.filter(day__gte=earliest, started_at__gte=wanted.started_from)
    if wanted.started_before is not None:
        rows = rows.filter(started_at__lt=wanted.started_before)
    return rows


def call_dict(event: UsageEvent) -> dict[str, Any]:
    """A call as the API shows it; amounts are strings with six decimals."""
    version = event.version
    return {
        "call_id": event.call_id,
        "source": event.source,
        "id": event.event_id,
        "service": event.service.slug,
        "account": event.account.external_id,
        "project": event.project.external_id,
        "channel": event.channel or None,
        "direction": event.direction or None,
        "status": event.call_status or None,
        "model": event.model or None,
        "tier": event.tier or None,
        "outcome": event.outcome or None,
        "outcome_reason": event.outcome_reason or None,
        "started_at": event.started_at.isoformat(),
        "time": event.occurred_at.isoformat(),
        "duration_seconds": plain(event.duration_seconds),
        "day": event.day.isoformat(),
        "simulated": event.is_simulated,
        "charge": _charge(event),
        "provider_cost": f"{event.cost.amount:.6f}",
        "rate_card": None if version is None else {"name": version.card.name, "version": version.number},
        "transaction": event.transaction.number if event.transaction else None,
        "hold": event.hold_id,
        "void": event.status == UsageEvent.Status.VOID,
        "voided_at": event.voided_at.isoformat() if event.voided_at else None,
        "void_reason": event.void_reason or None,
    }


def _charge(event: UsageEvent) -> dict[str, Any] | None:
    if event.total is None:
        return None
    return {
        "total": f"{event.total.amount:.6f}",
        "currency": event.currency,
        "lines": event.lines,
        "free_code": event.free_code or None,
        "free_reason": event.free_reason or None,
    }


def positions(calls: Sequence[UsageEvent]) -> list[Position]:
    """The position of each call in the list."""
    return [(call.day, call.pk) for call in calls]
