"""Staff decide about refunds: approve, for less if need be, decline, or refund a payment of their own accord.

Approval happens under the wallet's lock: what is unspent is looked at again, and taken out at once. What a person sends
back above the product's limit is refused without a second one's `approval` (`billing.services.second_person` asks).
"""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from billing.models import Approval, Payment, Refund, RefundStatus
from billing.services import alone
from billing.services.books import Books
from billing.services.credits import check_amount
from billing.services.ledger import open_books
from billing.services.refunds.letters import tell_of_approval, tell_of_decline
from billing.services.refunds.reserving import approve_row, check_refundable, new_refund, share_of
from billing.templatetags.money import money_text


def approve(
    *,
    refund_id: int,
    user_id: int | None,
    decision: str,
    amount: Decimal | None = None,
    approval: Approval | None = None,
) -> Refund:
    """Approve a requested refund, or `amount` of it, and return the refund that goes out; one approved stays as it is.

    A lower amount, or a share that other refunds have moved by a cent, is a refund of its own under the same request,
    and the one that it replaces is declined: amounts never change. Raises ValidationError for one that was declined,
    and when less is unspent than asked, saying how much; SecondPersonNeededError for more than one may send alone.
    """
    with transaction.atomic():
        allowed = alone.of_person(wallet_id=_wallet_of(refund_id), actor_id=user_id)
        books, refund = _open(refund_id)
        if refund.status == RefundStatus.DECLINED:
            raise ValidationError(_("This refund was declined already."))
        if refund.status != RefundStatus.REQUESTED:
            return refund
        wanted = refund.amount.amount if amount is None else amount
        check_amount(wanted, refund.currency)
        if wanted > refund.amount.amount:
            most = money_text(refund.amount.amount, refund.currency)
            raise ValidationError({"amount": _("Only %(most)s was asked for.") % {"most": most}})
        check_refundable(books, refund.payment, wanted, request=refund)
        _check_alone(allowed, books, refund.payment, wanted, approval)
        share = share_of(refund.payment, wanted)
        if (share.amount, share.charge_amount) != (refund.amount.amount, refund.charge_amount.amount):
            going = new_refund(
                books, refund.payment, share, reason=refund.reason, user_id=refund.requested_by_id,
                request=refund.request,
            )  # fmt: skip
            replaced = f"Replaced by a refund of {money_text(share.amount, refund.currency)}. {decision}"
            _close(refund, books, user_id, replaced.strip()[:255])
            refund = going
        approve_row(books, refund, user_id=user_id, decision=decision)
        tell_of_approval(refund)
    return refund


def decline(*, refund_id: int, user_id: int | None, decision: str) -> Refund:
    """Decline a requested refund; the customer reads `decision`. One that was declined stays as it is.

    Raises ValidationError without words, and for one that was approved.
    """
    text = decision.strip()
    if not text:
        raise ValidationError({"decision": _("Say why: the customer reads it.")})
    with transaction.atomic():
        books, refund = _open(refund_id)
        if refund.status == RefundStatus.DECLINED:
            return refund
        if refund.status != RefundStatus.REQUESTED:
            raise ValidationError(_("This refund was approved already."))
        _close(refund, books, user_id, text)
        tell_of_decline(refund)
    return refund


def refund_payment(
    *,
    payment_id: int,
    amount: Decimal,
    reason: str,
    user_id: int | None,
    reference: uuid.UUID | None = None,
    approval: Approval | None = None,
) -> Refund:
    """Refund `amount` of the wallet's money to a payment at once, by staff. The same `reference` does it once.

    Raises ValidationError as `approve` does.
    """
    text = reason.strip()
    if not text:
        raise ValidationError({"reason": _("Say why the payment is refunded.")})
    wallet_id = Payment.objects.values_list("wallet_id", flat=True).get(pk=payment_id)
    with transaction.atomic():
        allowed = alone.of_person(wallet_id=wallet_id, actor_id=user_id)
        books, _reads = open_books([wallet_id])
        payment = Payment.objects.select_related("wallet__account__product").get(pk=payment_id)
        if reference and (done := Refund.objects.filter(reference=reference, payment=payment).first()):
            return done
        check_amount(amount, payment.currency)
        check_refundable(books, payment, amount, request=None)
        _check_alone(allowed, books, payment, amount, approval)
        share = share_of(payment, amount)
        refund = new_refund(books, payment, share, reason=text, user_id=user_id, request=uuid.uuid4())
        if reference:
            refund.reference = reference
        approve_row(books, refund, user_id=user_id, decision="")
        tell_of_approval(refund)
    return refund


def _wallet_of(refund_id: int) -> int:
    return Refund.objects.values_list("wallet_id", flat=True).get(pk=refund_id)


def _check_alone(
    allowed: alone.Alone, books: Books, payment: Payment, amount: Decimal, approval: Approval | None
) -> None:
    """Raises SecondPersonNeededError where the payment's wallet would lose more than one person may send back alone."""
    alone.check(
        allowed,
        wallet_id=payment.wallet_id,
        amount=-amount,
        is_refund=True,
        now=books.now,
        currency=str(payment.currency),
        approval=approval,
    )


def _open(refund_id: int) -> tuple[Books, Refund]:
    """The refund under its wallet's lock, as it is now."""
    wallet_id = _wallet_of(refund_id)
    books, _reads = open_books([wallet_id])
    return books, Refund.objects.select_related("payment__wallet", "wallet__account__product").get(pk=refund_id)


def _close(refund: Refund, books: Books, user_id: int | None, decision: str) -> None:
    refund.status = RefundStatus.DECLINED
    refund.decided_by_id, refund.decision = user_id, decision
    refund.decided_at = refund.finished_at = books.now
    refund.save()
