"""Grants over time: what expires, and the monthly allotment that starts anew on the account's cycle date.

Both are sweeps over rows that name their own due time; running them twice or late changes nothing.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from billing.models import Wallet
from billing.services import cycles
from billing.services.ledger import open_books, write

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
        was_due = Wallet.objects.filter(pk=wallet_id, allotment_resets_at__lte=timezone.now()).exists()
        books, _ = open_books([wallet_id])  # opening renews what is due
        wallet = books.wallets[wallet_id]
        is_first = wallet.allotment_resets_at is None and not was_due
        if is_first:
            cycles.renew(books, wallet)
        write(books)
        return is_first or was_due
