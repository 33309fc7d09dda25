"""A postpay account's periods come one after the other, each opened when the one before it is closed.

A period's ends are frozen as instants when it is opened. Where the account moves to another timezone meanwhile, the
running period keeps its end and the next one begins there: no instant is in two periods or in none.
"""

from __future__ import annotations

from datetime import timedelta

from billing.models import BillingPeriod, PostpayTerms
from billing.services.books import Books
from billing.services.postpay.months import Month, first_month, next_month
from billing.services.state import WalletState


def open_first(books: Books, wallet: WalletState, terms: PostpayTerms) -> BillingPeriod:
    """The period that begins now; what was charged before is none of it. Under the wallet's lock."""
    month = first_month(books.now, wallet.zone)
    return _open(wallet, terms, month, since_number=wallet.last_number)


def open_next(wallet: WalletState, terms: PostpayTerms, before: BillingPeriod) -> BillingPeriod:
    """The period that follows. Under the wallet's lock, when the one before it was closed."""
    month = next_month(before.ends_on, before.ends_at, wallet.zone)
    return _open(wallet, terms, month, since_number=before.since_number)


def _open(wallet: WalletState, terms: PostpayTerms, month: Month, *, since_number: int) -> BillingPeriod:
    return BillingPeriod.objects.create(
        wallet_id=wallet.id,
        currency=wallet.currency,
        starts_on=month.starts_on,
        ends_on=month.ends_on,
        starts_at=month.starts_at,
        ends_at=month.ends_at,
        closes_at=month.ends_at + timedelta(hours=terms.late_usage_hours),
        since_number=since_number,
    )
