"""Money for a period's invoice: credited once by the provider's name for it, as a paid lot that pays the debt at once.

A transfer settles the oldest invoice, whichever it was for, what was paid on an invoice's page at the provider that one
(`billing.services.postpay.settling`). It settles all that it is worth, also where usage was reversed since and less is
owed: the reversal is on the next invoice, which the rest of the money then pays. What is beyond all that is owed and
asked for stays as paid balance, too, and is noted for staff. Money that is not as it should be is never credited.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from billing.models import BillingPeriod, DifferenceKind, Payment, PaymentProvider, PeriodStatus, TransactionKind
from billing.providers import provider as provider_called
from billing.providers.base import InvoiceFacts, Outcome, PaymentFacts
from billing.services.bank import facts_of_transfer
from billing.services.books import Books, Note
from billing.services.ledger import open_books, write
from billing.services.payments import card_words
from billing.services.postpay.reckoning import ASKED, asked_for
from billing.services.postpay.references import reference_of
from billing.services.reconciliation import note_difference

STRIPE = PaymentProvider.STRIPE.value


def settle(*, facts: InvoiceFacts) -> BillingPeriod | None:
    """Bring the period that the facts name to what the provider says; None where it is none of ours."""
    named = period_named(facts)
    if named is None:
        return None
    with transaction.atomic():
        books, _reads = open_books([named.wallet_id])
        period = _read(named.pk)
        if facts.account_id not in (None, period.wallet.account_id):
            _note(period, DifferenceKind.WRONG_ACCOUNT, facts.provider_reference, f"account {facts.account_id}")
            return period
        new = [each for each in facts.payments if each.outcome == Outcome.SUCCEEDED and _fits(period, each)]
        paid = [each for each in new if _book(books, period, STRIPE, each) is not None]
        write(books)
        for each in paid:
            _keep(books, period, STRIPE, each)
        period = _read(named.pk)
        period.provider_reference = period.provider_reference or facts.provider_reference
        period.pay_url = facts.pay_url or period.pay_url
        period.save(update_fields=["provider_reference", "pay_url"])
    return period


def record_transfer(
    *, period_id: int, amount: Decimal, received_on: date, bank_reference: str, user_id: int | None
) -> Payment:
    """Credit a bank transfer that came for a period's invoice, part of it, all or more; each bank reference once.

    Raises ValidationError for an amount that is no money, a day to come, a reference that was recorded before, and a
    period that was not closed yet.
    """
    wallet_id = BillingPeriod.objects.values_list("wallet_id", flat=True).get(pk=period_id)
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        period = _read(period_id)
        if period.status == PeriodStatus.DRAFT:
            raise ValidationError(_("This period has no invoice yet."))
        received = facts_of_transfer(
            amount=amount, received_on=received_on, bank_reference=bank_reference, user_id=user_id, now=books.now
        )
        facts = replace(
            received,
            payment_reference=f"{reference_of(period.pk)}:{received.payment_reference}",
            currency=str(period.currency),
        )
        if _book(books, period, PaymentProvider.BANK.value, facts) is None:
            raise ValidationError({"bank_reference": _("This transfer was recorded before.")})
        write(books)
        return _keep(books, period, PaymentProvider.BANK.value, facts)


def period_named(facts: InvoiceFacts) -> BillingPeriod | None:
    """Our period that the provider speaks of."""
    try:
        reference = UUID(facts.period_reference)
    except ValueError:
        return None
    return BillingPeriod.objects.filter(reference=reference).first()


def _read(period_id: int) -> BillingPeriod:
    return BillingPeriod.objects.select_related("wallet__account__product").get(pk=period_id)


def _fits(period: BillingPeriod, facts: PaymentFacts) -> bool:
    """Whether paid money is of this mode and currency; if not, staff are told."""
    if facts.is_live != provider_called(STRIPE).is_live():
        words = {True: "real money", False: "test money"}
        _note(period, DifferenceKind.WRONG_MODE, facts.payment_reference, words[facts.is_live])
    elif facts.currency != str(period.currency):
        _note(period, DifferenceKind.WRONG_CURRENCY, facts.payment_reference, f"{facts.amount} {facts.currency}")
    else:
        return True
    return False


def _book(books: Books, period: BillingPeriod, provider: str, facts: PaymentFacts) -> Decimal | None:
    """Enter the payment in the books, unless it was before; what it is beyond all that the wallet owes is noted."""
    if Payment.objects.filter(provider=provider, reference=facts.payment_reference).exists():
        return None
    assert facts.amount is not None
    wallet = books.wallets[period.wallet_id]
    repaid_before = wallet.repaid
    over = facts.amount - max(wallet.debt, asked_for(wallet.id))
    if over > 0 or period.status not in (*ASKED, PeriodStatus.PAID):
        found = f"{facts.amount:f} {facts.currency}, all of it credited"
        _note(period, DifferenceKind.OVERPAID, facts.payment_reference, found)
    books.pay_in(
        wallet,
        facts.amount,
        Note(
            TransactionKind.PAYMENT.value,
            f"payment:{provider}:{facts.payment_reference}"[:120],
            "Invoice paid",
            actor_id=facts.details.get("recorded_by"),
        ),
        tax=Decimal(0),  # it was owed with the invoice
        source=f"period:{period.pk}",
    )
    wallet.repaid = repaid_before + facts.amount
    if provider == STRIPE:
        wallet.pays_first = period.pk
    return facts.amount


def _keep(books: Books, period: BillingPeriod, provider: str, facts: PaymentFacts) -> Payment:
    key = f"payment:{provider}:{facts.payment_reference}"[:120]
    posting = next(each for each in books.postings if each.key == key)
    currency = str(period.currency)
    return Payment.objects.create(
        provider=provider,
        reference=facts.payment_reference,
        charge_reference=facts.charge_reference,
        period=period,
        wallet_id=period.wallet_id,
        currency=currency,
        amount=facts.amount,
        price_currency=currency,
        tax=0,
        total=facts.amount,
        charge_currency=currency,
        charge_amount=facts.amount,
        grant_id=posting.transfers[0][3],
        transaction_number=posting.number,
        is_live=facts.is_live,
        card=card_words(facts.card) if facts.card else "",
        receipt_url=facts.receipt_url,
        details=dict(facts.details),
        paid_at=facts.paid_at or books.now,
        created_at=books.now,
    )


def _note(period: BillingPeriod, kind: DifferenceKind, reference: str, found: str) -> None:
    note_difference(
        provider=period.collects_by or STRIPE,
        kind=kind,
        reference=reference,
        wallet_id=period.wallet_id,
        expected=f"{period.due:f} {period.currency} (invoice of period {period.pk})",
        found=found,
    )
