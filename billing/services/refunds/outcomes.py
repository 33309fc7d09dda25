"""What a provider's facts make of a refund: the state machine, under the wallet's lock.

approved -> submitted -> succeeded | failed. A failure, at once, later, or after a success, gives the money back once:
`refund_back:<id>` is the ledger's key, and a failed refund is final.
"""

from __future__ import annotations

from django.db import transaction

from billing.models import DifferenceKind, Refund, RefundStatus, Transaction, TransactionKind, Transfer
from billing.providers.base import UNANSWERED, Outcome, RefundFacts
from billing.services import disputes, doorbells
from billing.services.books import Books, Note
from billing.services.chain import TransferPart
from billing.services.ledger import load_grants, open_books, write
from billing.services.reconciliation.differences import note_difference
from billing.services.refunds.letters import ask_staff, tell_of_failure, tell_of_success
from billing.services.settling import KEY_AGE_MAX, next_check

SENT = (RefundStatus.APPROVED, RefundStatus.SUBMITTED, RefundStatus.SUCCEEDED)
FAILED = (Outcome.FAILED, Outcome.EXPIRED)
MESSAGE_LENGTH = 500


def settle(*, refund_id: int, facts: RefundFacts) -> Refund:
    """Bring a refund to what the provider says, and return it as it then is. Repetitions and stale facts do nothing.

    Facts about another amount or currency change nothing and become a difference for staff.
    """
    wallet_id = Refund.objects.values_list("wallet_id", flat=True).get(pk=refund_id)
    with transaction.atomic():
        books, _reads = open_books([wallet_id])
        refund = Refund.objects.select_related("payment", "wallet__account__product").get(pk=refund_id)
        if refund.status not in SENT:
            _note_revived(refund, facts)
        elif not _mismatch(refund, facts):
            _apply(books, refund, facts)
            doorbells.ring("billing.credit_refund", refund.pk)
        write(books)
    return refund


def _apply(books: Books, refund: Refund, facts: RefundFacts) -> None:
    refund.provider_reference = facts.provider_reference or refund.provider_reference
    was_sent = refund.status == RefundStatus.SUCCEEDED
    if facts.outcome in FAILED or (facts.outcome == Outcome.MISSING and _never_arrived(books, refund)):
        _fail(books, refund, facts.failure_message or "The provider knows of no such refund.")
    elif facts.outcome == Outcome.SUCCEEDED and not was_sent:
        refund.status, refund.finished_at, refund.next_check_at = RefundStatus.SUCCEEDED, books.now, None
        refund.save()
        tell_of_success(refund)
    elif not was_sent:
        if facts.outcome != Outcome.MISSING:
            refund.status = RefundStatus.SUBMITTED
        if refund.provider_reference == UNANSWERED:
            ask_staff(refund)
        refund.next_check_at = next_check(books.now, refund.checks)
        refund.save()


def _never_arrived(books: Books, refund: Refund) -> bool:
    """Whether a refund that the provider does not know was never made: too old to be sent again with its key."""
    asked_at = refund.decided_at or refund.created_at
    return refund.status != RefundStatus.SUCCEEDED and books.now - asked_at > KEY_AGE_MAX


def _fail(books: Books, refund: Refund, message: str) -> None:
    """Give the money back: each transfer of the reservation, the other way round."""
    reserved = Transaction.objects.get(wallet_id=refund.wallet_id, key=f"refund:{refund.pk}")
    parts: list[TransferPart] = list(
        Transfer.objects.filter(transaction=reserved)
        .order_by("id")
        .values_list("source_id", "target_id", "amount", "grant_id")
    )
    grants = load_grants(books, [grant_id for *_part, grant_id in parts if grant_id is not None])
    note = Note(
        TransactionKind.REFUND_BACK.value,
        f"refund_back:{refund.pk}",
        f"Refund no. {reserved.number} returned",
        message[:255],
    )
    books.reverse(books.wallets[refund.wallet_id], parts, grants, note, spent_on=None)
    refund.status, refund.failure_message = RefundStatus.FAILED, message[:MESSAGE_LENGTH]
    refund.finished_at, refund.next_check_at = books.now, None
    refund.save()
    disputes.claw_back_returned(books, refund)
    tell_of_failure(refund)


def _mismatch(refund: Refund, facts: RefundFacts) -> bool:
    """Whether the facts are of another refund than ours; staff hear of it."""
    if facts.amount is None:
        return False
    expected = (refund.charge_amount.amount, str(refund.charge_currency))
    if (facts.amount, facts.currency) == expected:
        return False
    is_currency = facts.currency != expected[1]
    note_difference(
        provider=refund.payment.provider,
        kind=DifferenceKind.WRONG_CURRENCY if is_currency else DifferenceKind.WRONG_AMOUNT,
        reference=facts.provider_reference or str(refund.reference),
        wallet_id=refund.wallet_id,
        expected=f"{expected[0]:f} {expected[1]} (refund {refund.pk})",
        found=f"{facts.amount} {facts.currency}",
    )
    return True


def _note_revived(refund: Refund, facts: RefundFacts) -> None:
    """A refund that has failed here has gone out at the provider: staff must see it."""
    if refund.status == RefundStatus.FAILED and facts.outcome == Outcome.SUCCEEDED:
        note_difference(
            provider=refund.payment.provider,
            kind=DifferenceKind.UNKNOWN_REFUND,
            reference=facts.provider_reference or str(refund.reference),
            wallet_id=refund.wallet_id,
            expected=f"failed (refund {refund.pk})",
            found=f"{facts.amount} {facts.currency} refunded",
        )
