"""Refunds that were made at the provider, not here: booked once, as far as the money is still there.

What the customer has spent already cannot leave the wallet again: that part is a difference, which staff explain.
"""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.db import transaction

from billing.models import DifferenceKind, Payment, PaymentProvider, Refund, RefundStatus
from billing.providers.base import Outcome, RefundFacts
from billing.selectors.refund_shares import ZERO, Portion, credit_of, portion, refunded_of
from billing.services.books import Books
from billing.services.ledger import load_grants, open_books, write
from billing.services.reconciliation.differences import note_difference
from billing.services.refunds.letters import tell_of_success
from billing.services.refunds.outcomes import settle
from billing.services.refunds.reserving import new_refund, reserve
from billing.services.settling import next_check

NEVER_MADE = (Outcome.FAILED, Outcome.EXPIRED, Outcome.MISSING, Outcome.UNKNOWN)
REASON = "Refunded at the provider"


def adopt(*, facts: RefundFacts, provider: str = PaymentProvider.STRIPE.value) -> Refund | None:
    """Settle the refund of these facts where it is ours, or book one made at the provider; None where it is neither.

    A refund of a payment that we do not know, and the part of one that was spent already, become a difference.
    """
    known = _known(facts, provider)
    if known is not None:
        return settle(refund_id=known, facts=facts)
    if facts.outcome in NEVER_MADE or facts.amount is None:
        return None
    payment = Payment.objects.filter(provider=provider, reference=facts.payment_reference).first()
    if payment is None:
        _note(provider, facts, None, f"a payment of ours, not {facts.payment_reference or 'none'}")
        return None
    with transaction.atomic():
        books, _reads = open_books([payment.wallet_id])
        payment = Payment.objects.select_related("wallet__account__product").get(pk=payment.pk)
        # Somebody else may have booked it before the lock was won.
        refund = Refund.objects.filter(payment=payment, provider_reference=facts.provider_reference).first()
        if refund is None:
            refund = _book(books, payment, facts)
        write(books)
    return refund


def _known(facts: RefundFacts, provider: str) -> int | None:
    """The id of the refund of these facts, by our reference or by theirs."""
    ours = Refund.objects.filter(payment__provider=provider)
    if _is_uuid(facts.refund_reference) and (
        found := ours.filter(reference=facts.refund_reference).values_list("pk", flat=True).first()
    ):
        return found
    if facts.provider_reference:
        return ours.filter(provider_reference=facts.provider_reference).values_list("pk", flat=True).first()
    return None


def _book(books: Books, payment: Payment, facts: RefundFacts) -> Refund | None:
    assert facts.amount is not None
    before = refunded_of(payment)
    rest = payment.charge_amount.amount - before.charge_amount
    is_its_own = facts.currency == str(payment.charge_currency) and facts.amount <= rest
    credit = credit_of(payment, facts.amount, before=before) if is_its_own and payment.grant_id else ZERO
    taken = min(credit, _there(books, payment))
    if payment.currency == "CREDIT":
        taken = taken.to_integral_value(rounding="ROUND_FLOOR")
    if taken < credit or taken <= 0:
        expected = f"at most {taken.normalize():f} {payment.currency} unspent of payment {payment.pk}"
        _note(str(payment.provider), facts, payment.wallet_id, expected)
    if taken <= 0:
        return None
    share = portion(payment, taken, before=before)
    share = Portion(taken, max(share.total, Decimal("0.01")), share.tax, facts.amount)
    refund = new_refund(books, payment, share, reason=REASON, user_id=None, request=uuid.uuid4())
    refund.is_from_provider = True
    refund.provider_reference = facts.provider_reference
    refund.decided_at = books.now
    is_done = facts.outcome == Outcome.SUCCEEDED
    refund.status = RefundStatus.SUCCEEDED if is_done else RefundStatus.SUBMITTED
    refund.finished_at = books.now if is_done else None
    refund.next_check_at = None if is_done else next_check(books.now, 0)
    refund.save()
    reserve(books, refund, actor_id=None)
    if is_done:
        tell_of_success(refund)
    return refund


def _there(books: Books, payment: Payment) -> Decimal:
    """What is left of the payment's lot and not held by calls in progress."""
    if payment.grant_id is None:
        return ZERO
    wallet = books.wallets[payment.wallet_id]
    remaining = load_grants(books, [payment.grant_id])[payment.grant_id].remaining
    return max(min(remaining, wallet.balance - wallet.held), ZERO)


def _note(provider: str, facts: RefundFacts, wallet_id: int | None, expected: str) -> None:
    note_difference(
        provider=provider,
        kind=DifferenceKind.UNKNOWN_REFUND,
        reference=facts.provider_reference,
        wallet_id=wallet_id,
        expected=expected,
        found=f"{facts.amount} {facts.currency} refunded",
    )


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
