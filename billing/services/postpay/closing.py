"""A period is closed once, and has one invoice or none, however often the job runs and whoever runs it beside.

Everything is decided under the wallet's lock and written in one transaction: the tax is owed in the ledger, the invoice
is issued with its number, the period knows what it asks for, and the next one is open. A worker killed before the
commit leaves a running period, which the next run closes; after it, one that is closed. What the invoice needs of the
network (its page at Stripe) comes later (`billing.services.postpay.sending`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from billing.documents.content import Settlement
from billing.models import (
    BillingPeriod,
    DocumentKind,
    Issuer,
    PaymentProvider,
    PeriodStatus,
    PostpayTerms,
    TransactionKind,
)
from billing.selectors.balance import state_of
from billing.selectors.taxation import issuer_of
from billing.services import doorbells
from billing.services.books import Books, Note
from billing.services.documents import Draft, issue
from billing.services.ledger import open_books, write
from billing.services.postpay import periods
from billing.services.postpay.reckoning import Reckoning, reckon
from billing.services.postpay.references import pay_page, reference_of
from billing.services.state import WalletState
from organizations.languages import language_of

ZERO = Decimal(0)
SEND = "billing.send_invoice"
BATCH = 100
INSTANT = timedelta(microseconds=1)


def close_due() -> int:
    """Close every period whose late usage has had its time; returns how many. One that fails stops no other."""
    closed = 0
    last_id = 0
    due = BillingPeriod.objects.filter(status=PeriodStatus.DRAFT, closes_at__lte=timezone.now()).order_by("id")
    failure: Exception | None = None
    while found := list(due.filter(pk__gt=last_id).values_list("id", flat=True)[:BATCH]):
        for period_id in found:
            try:
                close(period_id=period_id)
                closed += 1
            except Exception as error:
                failure = error
        last_id = found[-1]
    if failure is not None:
        raise failure  # the sweep's row shows it to staff
    return closed


def close(*, period_id: int, is_early: bool = False) -> BillingPeriod:
    """Close a period whose time has come, or at once; returns it as it is. One that is closed stays as it is.

    A period that is closed early ends now, and the next one begins. Raises ValidationError for one that still waits for
    late usage, and for a product without an issuer, in whose name there could be no invoice.
    """
    wallet_id = BillingPeriod.objects.values_list("wallet_id", flat=True).get(pk=period_id)
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        period = _period(period_id)
        if period.status != PeriodStatus.DRAFT:
            return period
        if books.now < period.closes_at and not is_early:
            raise ValidationError(_("This period waits for late usage until %(moment)s.") % {
                "moment": f"{period.closes_at:%Y-%m-%d %H:%M} UTC"
            })  # fmt: skip
        close_in(books, period)
    return period


def close_in(books: Books, period: BillingPeriod, *, is_last: bool = False) -> None:
    """The same in open books, which are written here; after the last period no other begins."""
    wallet = books.wallets[period.wallet_id]
    terms = PostpayTerms.objects.select_related("organization").get(pk=wallet.id)
    issuer = _issuer(period)
    if books.now < period.ends_at:
        period.ends_at = books.now + INSTANT  # what happened up to and with now belongs to it
        period.ends_on = max(wallet.date_of(books.now), period.starts_on)
    language = language_of(None, period.wallet.account) or issuer.language
    with translation.override(language):
        reckoning = reckon(period, wallet, account=period.wallet.account, terms=terms, issuer=issuer)
        _owe_tax(books, wallet, period, reckoning)
        _freeze(books, wallet, period, terms, issuer, reckoning)
        write(books)
        period.save()
        if reckoning.total > 0:
            _invoice(period, terms, issuer, reckoning, language)
    if not is_last:
        periods.open_next(wallet, terms, period)
    if period.status == PeriodStatus.OPEN:
        doorbells.ring(SEND, period.pk)


def preview(*, period_id: int) -> Reckoning:
    """What closing the period now would invoice; writes nothing. Raises ValidationError as `close` does."""
    period = _period(period_id)
    terms = PostpayTerms.objects.select_related("organization").get(pk=period.wallet_id)
    wallet = state_of(period.wallet)
    issuer = _issuer(period)
    return reckon(period, wallet, account=period.wallet.account, terms=terms, issuer=issuer)


def _period(period_id: int) -> BillingPeriod:
    return BillingPeriod.objects.select_related("wallet__account__product__terms").get(pk=period_id)


def _issuer(period: BillingPeriod) -> Issuer:
    issuer = issuer_of(period.wallet.account)
    if issuer is None:
        raise ValidationError(_("The product has no issuer: nobody could write the invoice. Give its terms one first."))
    return issuer


def _owe_tax(books: Books, wallet: WalletState, period: BillingPeriod, reckoning: Reckoning) -> None:
    if reckoning.tax > 0:
        note = Note(TransactionKind.TAX.value, f"tax:{period.pk}", "Tax on an invoice")
        books.bill_tax(wallet, reckoning.tax, note)


def _freeze(
    books: Books,
    wallet: WalletState,
    period: BillingPeriod,
    terms: PostpayTerms,
    issuer: Issuer,
    reckoning: Reckoning,
) -> None:
    """Write on the period what was reckoned, and by when it is to be paid."""
    period.usage = reckoning.usage
    period.net, period.tax, period.total = reckoning.net, reckoning.tax, reckoning.total
    period.settled = reckoning.settled
    period.last_number = reckoning.window.last_number
    period.closed_at = books.now
    if reckoning.due <= 0:
        period.status, period.paid_at = PeriodStatus.PAID, books.now
        return
    period.status = PeriodStatus.OPEN
    period.due_on, period.blocks_on = _days(books.now, issuer, terms)
    period.collects_by = terms.collects_by
    period.next_check_at = books.now


def _days(now: datetime, issuer: Issuer, terms: PostpayTerms) -> tuple[date, date]:
    """The day the invoice is due, net days after its date, and the first day after the grace."""
    due_on = now.astimezone(ZoneInfo(issuer.timezone)).date() + timedelta(days=terms.net_days)
    return due_on, due_on + timedelta(days=terms.overdue_grace_days + 1)


def _invoice(period: BillingPeriod, terms: PostpayTerms, issuer: Issuer, reckoning: Reckoning, language: str) -> None:
    """Issue the invoice: last, because its number's lock comes after the wallet's."""
    paid = reckoning.settled
    is_bank = terms.collects_by == PaymentProvider.BANK
    top_up_terms = getattr(period.wallet.account.product, "top_up_terms", None)
    assert period.closed_at is not None
    issue(
        Draft(
            kind=DocumentKind.INVOICE,
            key=f"invoice:{period.pk}",
            wallet=period.wallet,
            issuer=issuer,
            organization=terms.organization,
            currency=str(period.currency),
            lines=reckoning.lines,
            taxes=reckoning.taxes,
            treatment=reckoning.treatment,
            total=reckoning.total,
            at=period.closed_at,
            language=language,
            due=reckoning.due,
            due_on=period.due_on,
            supplied_from=period.starts_on,
            supplied_until=period.ends_on,
            settlements=(Settlement(_("Paid from the balance"), paid),) if paid else (),
            payment_reference=reference_of(period.pk),
            pay_url="" if is_bank else pay_page(period),
            bank_details=top_up_terms.bank_details if top_up_terms is not None else "",
            period=period,
        )
    )
