"""Bank transfers as staff record them: part of an invoice, all of it, or more.

Every transfer is one payment. It credits its share of the top-up, reckoned on all that has come so far and rounded half
up to the cent (credits are whole: the rest comes with the transfer that completes them), so that the transfers of a
paid invoice add up to exactly its amount and its tax. What is paid beyond it is credited alike, and noted for staff.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.models import DifferenceKind, Payment, PaymentProvider, TopUp, TopUpStatus
from billing.providers.bank import reference_of
from billing.providers.base import Outcome, PaymentFacts
from billing.services import settling
from billing.services.books import Books
from billing.services.credits import AMOUNT_MAX
from billing.services.ledger import open_books
from billing.services.payments import Share, book_payment
from billing.services.reconciliation import note_difference
from billing.tax import cents
from billing.templatetags.money import CENT, CREDIT, money_text

REFERENCE_LENGTH_MAX = 60


def record_transfer(
    *, top_up_id: int, amount: Decimal, received_on: date, bank_reference: str, user_id: int | None
) -> Payment:
    """Credit a transfer of `amount`, in the top-up's price currency, that came for an invoice.

    The top-up succeeds when all has come; one that was cancelled is open again by a part of its money. Raises
    ValidationError for a top-up that is not by bank, an amount that is no money or too little for one credit, a day to
    come, and a bank reference that was recorded before.
    """
    with transaction.atomic():
        books, top_up = _open(top_up_id)
        received = facts_of_transfer(
            amount=amount, received_on=received_on, bank_reference=bank_reference, user_id=user_id, now=books.now
        )
        facts = replace(
            received,
            provider_reference=reference_of(top_up.pk),
            payment_reference=f"{top_up.pk}:{received.payment_reference}",
            top_up_reference=str(top_up.reference),
            account_id=top_up.wallet.account_id,
            currency=str(top_up.charge_currency),
        )
        before = top_up.payments.aggregate(sum=Sum("charge_amount"))["sum"] or Decimal(0)
        payment = book_payment(books, top_up, facts, share_of(top_up, before, amount))
        if payment is None:
            raise ValidationError({"bank_reference": _("This transfer was recorded before.")})
        _bring_up_to_date(books, top_up, before + amount, payment)
    return payment


def facts_of_transfer(
    *, amount: Decimal, received_on: date, bank_reference: str, user_id: int | None, now: datetime
) -> PaymentFacts:
    """A transfer as staff typed it, for whatever it pays. Raises ValidationError by field."""
    reference = bank_reference.strip()
    if not reference or len(reference) > REFERENCE_LENGTH_MAX:
        words = _("Write the bank's reference of the transfer, at most %(most)s characters.")
        raise ValidationError({"bank_reference": words % {"most": REFERENCE_LENGTH_MAX}})
    if not amount.is_finite() or not 0 < amount < AMOUNT_MAX or amount != cents(amount):
        raise ValidationError({"amount": _("Enter an amount above zero, to the cent.")})
    if received_on > now.date():
        raise ValidationError({"received_on": _("This day is still to come.")})
    return PaymentFacts(
        Outcome.SUCCEEDED,
        payment_reference=reference,
        amount=amount,
        is_live=True,
        paid_at=min(datetime.combine(received_on, time(12), UTC), now),
        details={"recorded_by": user_id},
    )


def cancel_invoice(*, top_up_id: int, user_id: int | None) -> TopUp:
    """Stop waiting for an invoice's money; what has come stays credited. One that is over stays as it is.

    Raises ValidationError for a top-up that is not by bank. `user_id` is for the caller's log.
    """
    with transaction.atomic():
        books, top_up = _open(top_up_id)
        if top_up.is_in_flight:
            settling.finish(top_up, TopUpStatus.EXPIRED, books.now)
            top_up.failure_message = gettext_noop("The invoice was cancelled.")
            top_up.save()
    return top_up


def share_of(top_up: TopUp, before: Decimal, amount: Decimal) -> Share:
    """What a transfer of `amount` credits, when `before` has come already.

    Raises ValidationError for too little to be credited.
    """
    credited = _credit(top_up, before + amount) - _credit(top_up, before)
    if credited <= 0:
        least = money_text(Decimal(1) if top_up.currency == CREDIT else CENT, str(top_up.currency))
        raise ValidationError({"amount": _("This is less than the price of %(least)s.") % {"least": least}})
    return Share(credited, _tax(top_up, before + amount) - _tax(top_up, before), amount)


def _credit(top_up: TopUp, paid: Decimal) -> Decimal:
    exact = top_up.amount.amount * paid / top_up.charge_amount.amount
    if top_up.currency == CREDIT:
        return exact.quantize(Decimal(1), ROUND_DOWN)
    return exact.quantize(CENT, ROUND_HALF_UP)


def _tax(top_up: TopUp, paid: Decimal) -> Decimal:
    return cents(top_up.tax.amount * paid / top_up.charge_amount.amount)


def _open(top_up_id: int) -> tuple[Books, TopUp]:
    wallet_id = TopUp.objects.values_list("wallet_id", flat=True).get(pk=top_up_id)
    books, _reads = open_books([wallet_id])
    top_up = TopUp.objects.select_related("wallet__account__product").get(pk=top_up_id)
    if top_up.provider != PaymentProvider.BANK:
        raise ValidationError(_("This top-up is not paid by bank transfer."))
    return books, top_up


def _bring_up_to_date(books: Books, top_up: TopUp, paid: Decimal, payment: Payment) -> None:
    asked = top_up.charge_amount.amount
    if paid > asked:
        currency = str(top_up.charge_currency)
        note_difference(
            provider=top_up.provider,
            kind=DifferenceKind.OVERPAID,
            reference=payment.reference,
            wallet_id=top_up.wallet_id,
            expected=f"{asked:f} {currency} (top-up {top_up.pk})",
            found=f"{paid:f} {currency}, all of it credited",
        )
    if top_up.status == TopUpStatus.SUCCEEDED:
        return
    if paid >= asked:
        settling.finish(top_up, TopUpStatus.SUCCEEDED, books.now)
        top_up.save()
        settling.tell_finished(top_up, books)
    else:
        top_up.status, top_up.finished_at, top_up.failure_message = TopUpStatus.PENDING, None, ""
        top_up.save()
