"""Grants over time: what expires, and the monthly allotment that starts anew on the account's cycle date.

Both are sweeps over rows that name their own due time; running them twice or late changes nothing.
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from billing.models import GrantKind, Transaction, TransactionKind, Wallet
from billing.services.books import Books, Note
from billing.services.ledger import open_books, write
from billing.services.state import WalletState

BATCH = 200


def expire_due() -> int:
    """Withdraw all credit whose time is over; returns the number of wallets looked after."""
    handled = 0
    while True:
        due = list(
            Wallet.objects.filter(next_expiry_at__lte=timezone.now())
            .order_by("id")
            .values_list("id", flat=True)[:BATCH]
        )
        if not due:
            return handled
        with transaction.atomic():
            books, _ = open_books(due)  # opening withdraws what is due
            write(books)
        handled += len(due)


def reset_due_allotments() -> int:
    """Start a new cycle for every wallet whose cycle date has come; returns how many.

    atllasx.md, 'Monthly Allotment': resets on the billing cycle date, unused credits do not carry over.
    """
    handled = 0
    while True:
        due = list(
            Wallet.objects.filter(allotment_resets_at__lte=timezone.now())
            .order_by("id")
            .values_list("id", flat=True)[:BATCH]
        )
        if not due:
            return handled
        for wallet_id in due:
            handled += start_cycle(wallet_id=wallet_id)


def start_cycle(*, wallet_id: int) -> bool:
    """Withdraw what is left of the allotment and grant the next one, if its time has come; says whether it had.

    The first cycle starts at once. A wallet whose allotment was taken away keeps nothing and gets no next date.
    """
    with transaction.atomic():
        books, _ = open_books([wallet_id])
        settings = Wallet.objects.get(pk=wallet_id)
        resets_at = settings.allotment_resets_at
        if resets_at is not None and resets_at > books.now:
            return False
        wallet = books.wallets[wallet_id]
        _withdraw_allotment(books, wallet)
        next_reset = None
        if settings.monthly_allotment.amount > 0:
            anchor = settings.allotment_anchor or wallet.day
            next_reset, key = _next_cycle(wallet, anchor, books.now)
            books.grant(
                wallet,
                GrantKind.ALLOTMENT.value,
                settings.monthly_allotment.amount,
                Note(TransactionKind.ALLOTMENT.value, key, "Monthly allotment"),
                source=key,
                expires_at=next_reset,
            )
            settings.allotment_anchor = anchor
        write(books)
        settings.allotment_resets_at = next_reset
        settings.save(update_fields=["allotment_anchor", "allotment_resets_at"])
        return True


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


def _withdraw_allotment(books: Books, wallet: WalletState) -> None:
    for grant in [g for g in wallet.grants if g.kind == GrantKind.ALLOTMENT and g.remaining > 0]:
        key = f"expiry:{grant.id}:{wallet.last_number + 1}"
        books.withdraw(wallet, grant, Note(TransactionKind.EXPIRY.value, key, "Allotment not carried over"))
