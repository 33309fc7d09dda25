"""Money that pays a postpay wallet's debt pays its oldest invoice first, whatever brought it; under the wallet's lock.

Only what was paid on an invoice's own page pays that one before: the page takes nothing any more. `Books` count what
money paid of the debt (`WalletState.repaid`): a top-up, a credit by staff; an invoice's own payment counts in full.
What a dispute takes back opens the newest invoices again. So `settled` is what the ledger says has come. An invoice
that is settled is paid at once, an account without an overdue one makes calls again at once, and one that was to go
back to prepaid does so with its last invoice.
"""

from __future__ import annotations

from decimal import Decimal

from billing.models import BillingPeriod, PeriodStatus, PostpayTerms, Wallet, WalletMode
from billing.services import alerts
from billing.services.books import Books
from billing.services.postpay.reckoning import ASKED
from billing.services.state import ZERO, WalletState


def settle_invoices(books: Books, wallet: WalletState) -> None:
    """Spread what money paid of the debt over the wallet's invoices. Called before the books are written."""
    money, wallet.repaid = wallet.repaid, ZERO
    if money > 0:
        _pay(books, wallet, money)
    elif money < 0:
        _take_back(books, wallet, -money)
    mind_overdue(books, wallet)
    finish_switch(books, wallet)


def mind_overdue(books: Books, wallet: WalletState) -> None:
    """Stop calls while an invoice is unpaid on the day that its grace is over, and let them start when none is."""
    today = wallet.date_of(books.now)
    stops = (
        wallet.debt > 0
        and BillingPeriod.objects.filter(wallet_id=wallet.id, status__in=ASKED, blocks_on__lte=today).exists()
    )
    if stops != wallet.is_overdue:
        wallet.is_overdue = stops
        Wallet.objects.filter(pk=wallet.id).update(is_overdue=stops)
        books.touched.add(wallet.id)


def finish_switch(books: Books, wallet: WalletState) -> bool:
    """Take an account whose postpay has ended back to prepaid once nothing is to pay; says whether it went now."""
    if wallet.mode != WalletMode.POSTPAY:
        return False
    has_ended = PostpayTerms.objects.filter(pk=wallet.id, ends_on__isnull=False).exists()
    if (
        not has_ended
        or BillingPeriod.objects.filter(wallet_id=wallet.id, status__in=[*ASKED, PeriodStatus.DRAFT]).exists()
    ):
        return False
    wallet.mode, wallet.credit_limit = WalletMode.PREPAID.value, ZERO
    Wallet.objects.filter(pk=wallet.id).update(mode=WalletMode.PREPAID, credit_limit=ZERO)
    alerts.take_stock(wallet, alerts.OF_SETTINGS | alerts.LOW | alerts.EMPTY)
    books.touched.add(wallet.id)
    return True


def _pay(books: Books, wallet: WalletState, money: Decimal) -> None:
    asked = BillingPeriod.objects.filter(wallet_id=wallet.id, status__in=ASKED)
    for period in sorted(asked, key=lambda each: (each.pk != wallet.pays_first, each.pk)):
        part = min(money, period.due)
        money -= part
        period.settled = period.settled.amount + part
        if period.settled.amount == period.total.amount:
            period.status, period.paid_at = PeriodStatus.PAID, books.now
        period.next_check_at = books.now  # the provider's page asks for less now, or for nothing
        period.save(update_fields=["settled", "status", "paid_at", "next_check_at"])
        if money <= 0:
            return


def _take_back(books: Books, wallet: WalletState, money: Decimal) -> None:
    closed = (*ASKED, PeriodStatus.PAID)
    today = wallet.date_of(books.now)
    paid = BillingPeriod.objects.filter(wallet_id=wallet.id, status__in=closed, settled__gt=0, due_on__isnull=False)
    for period in paid.order_by("-id"):
        part = min(money, Decimal(period.settled.amount))
        money -= part
        period.settled = period.settled.amount - part
        is_late = period.due_on is not None and period.due_on < today
        period.status, period.paid_at = (PeriodStatus.OVERDUE if is_late else PeriodStatus.OPEN), None
        period.next_check_at = books.now
        period.save(update_fields=["settled", "status", "paid_at", "next_check_at"])
        if money <= 0:
            return
