"""The monthly allotment's cycle: on its date what is left is withdrawn and the next allotment is given.

`billing.services.ledger` renews a wallet whose date has come whenever it opens its books, so that no call between the
date and the sweep is refused or charged to other money.

An allotment that comes with the account has its date at midnight of the account's clock. One that a subscription pays
for follows the provider's periods to the second, which count months in UTC: the next period is foreseen here, given at
its first moment and corrected by `billing.services.subscription_periods` once the provider has told of it.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing.models import GrantKind, Subscription, SubscriptionStatus, Transaction, TransactionKind
from billing.services.books import Books, Note
from billing.services.state import WalletState
from notifications.models import Event
from notifications.services.notices import Told


def is_due(wallet: WalletState, now: datetime) -> bool:
    """Whether the date of the wallet's next cycle has come."""
    return wallet.allotment_resets_at is not None and wallet.allotment_resets_at <= now


def renew(books: Books, wallet: WalletState) -> None:
    """Begin a cycle now. A wallet whose allotment was taken away keeps nothing and gets no next date."""
    due_at = wallet.allotment_resets_at
    withdraw_rest(books, wallet)
    wallet.allotment_resets_at = None
    if wallet.monthly_allotment > 0:
        wallet.allotment_anchor = wallet.allotment_anchor or wallet.day
        subscription_id = _subscription_of(wallet) if due_at is not None else None
        if due_at is not None and subscription_id is not None:
            ends_at, key = _next_period(subscription_id, wallet.allotment_anchor, due_at, books.now)
        else:
            ends_at, key = _next_cycle(wallet, wallet.allotment_anchor, books.now)
        give(books, wallet, wallet.monthly_allotment, key, ends_at)
        if due_at is not None:
            books.told.append(_renewed(books, wallet, key, ends_at))
    books.touched.add(wallet.id)


def withdraw_rest(books: Books, wallet: WalletState) -> None:
    """Take back what is left of the allotment: unused credits do not carry over (atllasx.md, 'Monthly Allotment')."""
    for grant in [g for g in wallet.grants if g.kind == GrantKind.ALLOTMENT and g.remaining > 0]:
        key = f"expiry:{grant.id}:{wallet.last_number + 1}"
        books.withdraw(wallet, grant, Note(TransactionKind.EXPIRY.value, key, "Allotment not carried over"))


def give(books: Books, wallet: WalletState, amount: Decimal, key: str, ends_at: datetime) -> None:
    """Give a cycle's allotment, which lasts until the next cycle begins."""
    wallet.allotment_resets_at = ends_at
    books.grant(
        wallet,
        GrantKind.ALLOTMENT.value,
        amount,
        Note(TransactionKind.ALLOTMENT.value, key, "Monthly allotment"),
        source=key,
        expires_at=ends_at,
    )


def period_key(subscription_id: int, starts_at: datetime) -> str:
    """The ledger's key of the allotment of a subscription's period, by which it is given once."""
    return f"allotment:{subscription_id}:{starts_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def period_after(anchor: date, starts_at: datetime) -> datetime:
    """When the period that begins at `starts_at` ends: a month later at the same time, in UTC.

    The day is the anchor's as far as the month has it, so that a 31st comes back after a February.
    """
    here = starts_at.astimezone(UTC)
    year, month = (here.year + 1, 1) if here.month == 12 else (here.year, here.month + 1)
    return here.replace(year=year, month=month, day=min(anchor.day, calendar.monthrange(year, month)[1]))


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


def _renewed(books: Books, wallet: WalletState, key: str, ends_at: datetime) -> Told:
    """That a new cycle has begun (atllasx.md, 'Monthly Allotment'); the first comes with the account, unannounced."""
    facts = {
        "currency": wallet.currency,
        "allotment": f"{wallet.monthly_allotment:f}",
        "next_at": ends_at.isoformat(),
    }
    return Told(wallet.account_id, Event.ALLOTMENT_RESET, f"wallet:{wallet.id}:{key}", facts=facts, at=books.now)


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


def _subscription_of(wallet: WalletState) -> int | None:
    """The subscription that pays for the wallet's allotment, if one does."""
    paying = Subscription.objects.filter(wallet_id=wallet.id, status=SubscriptionStatus.ACTIVE)
    return paying.values_list("id", flat=True).first()


def _next_period(subscription_id: int, anchor: date, starts_at: datetime, now: datetime) -> tuple[datetime, str]:
    """When the subscription's period that runs now will end, and the key of its allotment."""
    while (ends_at := period_after(anchor, starts_at)) <= now:
        starts_at = ends_at
    return ends_at, period_key(subscription_id, starts_at)
