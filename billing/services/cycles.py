"""The monthly allotment's cycle: on its date what is left is withdrawn and the next allotment is given.

`billing.services.ledger` renews a wallet whose date has come whenever it opens its books, so that no call between the
date and the sweep is refused or charged to other money.
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from billing.models import GrantKind, Transaction, TransactionKind
from billing.services.books import Books, Note
from billing.services.state import WalletState


def is_due(wallet: WalletState, now: datetime) -> bool:
    """Whether the date of the wallet's next cycle has come."""
    return wallet.allotment_resets_at is not None and wallet.allotment_resets_at <= now


def renew(books: Books, wallet: WalletState) -> None:
    """Begin a cycle now. A wallet whose allotment was taken away keeps nothing and gets no next date."""
    for grant in [g for g in wallet.grants if g.kind == GrantKind.ALLOTMENT and g.remaining > 0]:
        key = f"expiry:{grant.id}:{wallet.last_number + 1}"
        books.withdraw(wallet, grant, Note(TransactionKind.EXPIRY.value, key, "Allotment not carried over"))
    wallet.allotment_resets_at = None
    if wallet.monthly_allotment > 0:
        wallet.allotment_anchor = wallet.allotment_anchor or wallet.day
        wallet.allotment_resets_at, key = _next_cycle(wallet, wallet.allotment_anchor, books.now)
        books.grant(
            wallet,
            GrantKind.ALLOTMENT.value,
            wallet.monthly_allotment,
            Note(TransactionKind.ALLOTMENT.value, key, "Monthly allotment"),
            source=key,
            expires_at=wallet.allotment_resets_at,
        )
    books.touched.add(wallet.id)


def cycle_after(anchor: date, moment: datetime, zone: ZoneInfo) -> datetime:
    """The first cycle date after `moment`: midnight, in the zone, of the anchor's day of the month.

    A month without that day (the 31st in April) has its cycle date on its last day.
    """
    local = moment.astimezone(zone).date()
    year, month = local.year, local.month
    while True:
        last = calendar.monthrange(year, month)[1]
        candidate = datetime.combine(date(year, month, min(anchor.day, last)), time(), zone)
        if candidate > moment and candidate.date() > anchor:
            return candidate
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _next_cycle(wallet: WalletState, anchor: date, now: datetime) -> tuple[datetime, str]:
    """When the cycle that begins now ends, and the key of its grant.

    A timezone moved west makes the last cycle's date come again: that one was given, so this one runs on to the next.
    """
    ends_at = now
    while True:
        ends_at = cycle_after(anchor, ends_at, wallet.zone)
        key = f"allotment:{ends_at.astimezone(wallet.zone).date().isoformat()}"
        if not Transaction.objects.filter(wallet_id=wallet.id, key=key).exists():
            return ends_at, key
