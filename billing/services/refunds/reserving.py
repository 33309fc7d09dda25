"""A refund's row, and the movement by which its money leaves the wallet before anybody sends it.

Approval is the reservation: what is on its way to the payer cannot be spent meanwhile. The ledger's key `refund:<id>`
makes it happen once.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import Sum
from django.utils import translation
from django.utils.translation import gettext as _

from billing.models import Payment, PaymentProvider, Refund, RefundStatus, TransactionKind
from billing.selectors.refund_shares import ZERO, Portion, portion, refunded_of
from billing.selectors.refunds import payment_block, wallet_block
from billing.services import doorbells
from billing.services.books import Books, InsufficientBalanceError, Note
from billing.services.ledger import load_grants, write
from billing.templatetags.money import money_text
from organizations.languages import ENGLISH

SUBMIT = "billing.submit_refund"
# The doorbell is heard at once; the sweep comes by when it was not.
FIRST_CHECK = timedelta(seconds=30)


def new_refund(
    books: Books, payment: Payment, share: Portion, *, reason: str, user_id: int | None, request: uuid.UUID
) -> Refund:
    """The row of a refund of this share of the payment, as requested and not saved."""
    return Refund(
        request=request,
        payment=payment,
        wallet_id=payment.wallet_id,
        currency=payment.currency,
        amount=share.amount,
        price_currency=payment.price_currency,
        tax=share.tax,
        total=share.total,
        charge_currency=payment.charge_currency,
        charge_amount=share.charge_amount,
        reason=reason,
        requested_by_id=user_id,
        created_at=books.now,
    )


def share_of(payment: Payment, amount: Decimal) -> Portion:
    """What the payer gets for the next `amount` of the payment. Raises ValidationError where that is less than a cent,
    and for parts of a credit."""
    if payment.currency == "CREDIT" and amount != amount.to_integral_value():
        raise ValidationError({"amount": _("Credits are whole.")})
    share = portion(payment, amount, before=refunded_of(payment))
    if share.charge_amount <= 0 or share.total <= 0:
        raise ValidationError({"amount": _("What would be sent back is less than a cent.")})
    return share


def check_refundable(books: Books, payment: Payment, amount: Decimal, *, request: Refund | None) -> None:
    """Raises ValidationError, which says how much can go, unless `amount` of the payment can be refunded now.

    `request` is the customer's, when one is decided: its own time counts, not that of the decision. Staff who refund
    of their own accord leave a waiting request its money.
    """
    blocked = wallet_block(payment.wallet, request.created_at if request else books.now) or payment_block(payment)
    if blocked:
        raise ValidationError(blocked)
    if payment.grant_id is None:
        raise ValidationError(_("A subscription's payment is not refundable here."))
    wallet = books.wallets[payment.wallet_id]
    waiting = payment.refunds.filter(status=RefundStatus.REQUESTED)
    if request is not None:
        waiting = waiting.exclude(pk=request.pk)
    asked = waiting.aggregate(asked=Sum("amount"))["asked"] or ZERO
    unspent = load_grants(books, [payment.grant_id])[payment.grant_id].remaining - asked
    most = max(min(unspent, wallet.balance - wallet.held), ZERO)
    if amount > most:
        words = _("Only %(most)s of this payment is unspent and can be refunded.")
        raise ValidationError({"amount": words % {"most": money_text(most, wallet.currency)}})


def refund_description(payment: Payment) -> str:
    """What History calls a refund of the payment, in English as all that the ledger keeps."""
    with translation.override(ENGLISH):
        return f"Refund to {payment.card}" if payment.card else f"Refund ({payment.get_provider_display()})"


def reserve(books: Books, refund: Refund, *, actor_id: int | None) -> None:
    """Take the refund's amount out of the wallet, in the books; the caller writes them.

    Raises InsufficientBalanceError.
    """
    payment = refund.payment
    grant_id = payment.grant_id
    if grant_id is None:
        raise InsufficientBalanceError
    grant = load_grants(books, [grant_id])[grant_id]
    books.pay_out(
        books.wallets[refund.wallet_id],
        grant,
        refund.amount.amount,
        Note(
            TransactionKind.REFUND.value,
            f"refund:{refund.pk}",
            refund_description(payment),
            refund.reason,
            actor_id,
        ),
        tax=ledger_tax(payment, refund.tax.amount),
    )


def ledger_tax(payment: Payment, tax: Decimal) -> Decimal:
    """The tax that the ledger counts: only where the price is in the wallet's own currency."""
    return tax if str(payment.price_currency) == str(payment.currency) else ZERO


def approve_row(books: Books, refund: Refund, *, user_id: int | None, decision: str) -> None:
    """Make a refund's row approved, take its money out of the wallet and have a worker send it after the commit.

    A bank transfer waits for staff, who send it by hand. Writes the books. Raises ValidationError where the money is
    not there.
    """
    refund.status = RefundStatus.APPROVED
    refund.decided_by_id, refund.decided_at, refund.decision = user_id, books.now, decision
    is_by_hand = refund.payment.provider == PaymentProvider.BANK
    refund.next_check_at = None if is_by_hand else books.now + FIRST_CHECK
    refund.save()
    try:
        reserve(books, refund, actor_id=user_id)
    except InsufficientBalanceError:
        raise ValidationError({"amount": _("This much is not unspent any more.")}) from None
    write(books)
    if not is_by_hand:
        doorbells.ring(SUBMIT, refund.pk)
