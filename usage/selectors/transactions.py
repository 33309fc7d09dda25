"""A wallet's transactions for the API, newest first, each with the event it charged or reversed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from billing.models import Transaction
from usage.charge_keys import event_of
from usage.models import UsageEvent


def list_transactions(*, wallet_id: int, before: int | None, limit: int) -> list[Transaction]:
    """Up to `limit` transactions with a smaller number than `before`."""
    rows = Transaction.objects.filter(wallet_id=wallet_id).select_related("project")
    if before is not None:
        rows = rows.filter(number__lt=before)
    return list(rows.order_by("-number")[:limit])


def transaction_dicts(transactions: Iterable[Transaction]) -> list[dict[str, Any]]:
    """Transactions as the API shows them: one statement more for all their events."""
    rows = list(transactions)
    keys = {row.pk: pk for row in rows if (pk := event_of(row.key)) is not None}
    events = UsageEvent.objects.in_bulk(set(keys.values()))
    return [_as_dict(row, events.get(keys.get(row.pk, 0))) for row in rows]


def _as_dict(row: Transaction, event: UsageEvent | None) -> dict[str, Any]:
    return {
        "number": row.number,
        "kind": row.kind,
        "amount": f"{row.amount.amount:.6f}",
        "balance_after": f"{row.balance_after.amount:.6f}",
        "currency": row.currency,
        "description": row.description,
        "reason": row.reason or None,
        "project": row.project.external_id if row.project else None,
        "event": None
        if event is None
        else {"source": event.source, "id": event.event_id, "type": event.event_type, "call_id": event.call_id or None},
        "day": row.day.isoformat(),
        "created_at": row.created_at.isoformat(),
    }
