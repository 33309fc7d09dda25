"""Holds: reserving money for calls, and letting go of it exactly once.

A hold ends as captured (by the call's event, see `usage.services.charge`), released or expired; every change happens
under the wallet's lock, on a row that was read again under it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.models import Hold, HoldStatus
from billing.services.books import Books
from billing.services.ledger import open_books, write
from organizations.database import Statement, run

BATCH = 500

FIND = """
SELECT id, wallet_id, project_id, amount, is_simulated, status, created_at, expires_at, request, answer
  FROM billing_hold
 WHERE service_id = %s AND call_id = %s AND status <> 'expired'
"""
FIND_EXPIRED = """
SELECT id, wallet_id, project_id, amount, is_simulated, status, created_at, expires_at, request, answer
  FROM billing_hold
 WHERE service_id = %s AND call_id = %s AND status = 'expired' ORDER BY id DESC LIMIT 1
"""
INSERT = """
INSERT INTO billing_hold (service_id, call_id, wallet_id, project_id, currency, amount, status, request, answer,
                          created_at, expires_at, ended_at, is_simulated)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s, %s, %s, %s)
ON CONFLICT (service_id, call_id) WHERE status <> 'expired' DO NOTHING RETURNING id
"""


@dataclass(slots=True)
class HoldRow:
    """A call's hold as it was read."""

    id: int
    wallet_id: int | None
    project_id: int | None
    amount: Decimal
    is_simulated: bool
    status: str
    created_at: datetime
    expires_at: datetime
    request: dict[str, Any]
    answer: dict[str, Any]


def find_statement(service_id: int, call_id: str) -> Statement:
    """The statement that reads a call's hold; expired ones no longer count."""
    return FIND, [service_id, call_id]


def as_hold(rows: list[tuple[Any, ...]]) -> HoldRow | None:
    """The hold among the rows that `find_statement` read."""
    if not rows:
        return None
    columns = [*rows[0][:-2], *(json.loads(document) for document in rows[0][-2:])]
    return HoldRow(*columns)


def find(*, service_id: int, call_id: str) -> HoldRow | None:
    """A call's hold, or its tombstone, or None."""
    (rows,) = run(find_statement(service_id, call_id))
    return as_hold(rows)


def find_expired(*, service_id: int, call_id: str) -> HoldRow | None:
    """The last hold of a call that heard nothing for too long, for a heartbeat that comes after all."""
    (rows,) = run((FIND_EXPIRED, [service_id, call_id]))
    return as_hold(rows)


def place_statement(
    books: Books,
    *,
    wallet_id: int,
    service_id: int,
    call_id: str,
    project_id: int | None,
    amount: Decimal,
    expires_at: datetime,
    request: dict[str, Any],
    answer: dict[str, Any],
    is_simulated: bool = False,
) -> Statement:
    """Reserve `amount` in the books; the statement inserts the hold and returns no row when the call has one.

    A simulated hold follows a sandbox call: it reserves nothing and counts among no wallet's calls.
    """
    wallet = books.wallets[wallet_id]
    if not is_simulated:
        books.hold(wallet, amount)
    return INSERT, [
        service_id,
        call_id,
        wallet_id,
        project_id,
        wallet.currency,
        amount,
        HoldStatus.ACTIVE.value,
        json.dumps(request),
        json.dumps(answer),
        books.now,
        expires_at,
        None,
        is_simulated,
    ]


def release(*, service_id: int, call_id: str) -> None:
    """Let go of a call that never connected; of a call never heard of, remember that it has ended.

    API.md, 'Calls': a release may overtake its own delayed authorisation, which is then denied with `call_ended`.
    """
    now = timezone.now()
    while True:
        found = find(service_id=service_id, call_id=call_id)
        if found is not None:
            if found.wallet_id is not None and found.status == HoldStatus.ACTIVE:
                _end(found.wallet_id, [found.id], HoldStatus.RELEASED)
            return
        tombstone = [service_id, call_id, None, None, "", 0, HoldStatus.RELEASED.value]
        tombstone += ["{}", "{}", now, now, now, False]
        (rows,) = run((INSERT, tombstone))
        if rows:
            return
        # An authorisation came in between: its hold is there now, and is released on the next turn.


def release_active(*, wallet_id: int, actor_id: int | None, reason: str) -> int:
    """Let go of all that a wallet holds, on the word of staff; returns how many holds ended.

    Raises ValidationError without a reason. Events that still come for these calls are charged as ever.
    """
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the holds are released.")})
    ids = list(Hold.objects.filter(wallet_id=wallet_id, status=HoldStatus.ACTIVE).values_list("id", flat=True))
    return _end(wallet_id, ids, HoldStatus.RELEASED)


def expire_due() -> int:
    """End every hold that heard nothing for too long; returns how many."""
    handled = 0
    while True:
        due = list(
            Hold.objects.filter(status=HoldStatus.ACTIVE, expires_at__lte=timezone.now())
            .order_by("expires_at")
            .values_list("id", "wallet_id")[:BATCH]
        )
        if not due:
            return handled
        by_wallet: dict[int, list[int]] = {}
        for hold_id, wallet_id in due:
            by_wallet.setdefault(wallet_id, []).append(hold_id)
        for wallet_id, ids in by_wallet.items():
            _end(wallet_id, ids, HoldStatus.EXPIRED)
        handled += len(due)


def extended(now: datetime, hold_seconds: int) -> datetime:
    """Until when a hold lives that was heard of now."""
    return now + timedelta(seconds=hold_seconds)


def _end(wallet_id: int, hold_ids: list[int], status: HoldStatus) -> int:
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        holds = Hold.objects.filter(pk__in=hold_ids, wallet_id=wallet_id, status=HoldStatus.ACTIVE)
        if status == HoldStatus.EXPIRED:
            holds = holds.filter(expires_at__lte=books.now)  # a heartbeat may have come since
        ended = list(holds.values_list("id", "amount", "is_simulated"))
        for hold_id, amount, is_simulated in ended:
            books.end_hold(books.wallets[wallet_id], hold_id, amount, status.value, is_simulated=is_simulated)
        write(books)
        return len(ended)
