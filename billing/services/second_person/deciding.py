"""The second person approves or declines, the asker withdraws; who comes first decides, the others read what was said.

Every step holds the wallet's lock and reads the request again under it. An approval does what was asked in the same
transaction, with the money that is there then: what is not there any more is refused and goes on waiting.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from billing.models import Approval, ApprovalKind, ApprovalStatus, RefundStatus
from billing.services import alone, credits, refunds
from billing.services.locking import lock_wallets
from billing.services.second_person import invoices
from billing.services.second_person.asking import give_promo
from billing.services.second_person.letters import tell_of_decision
from organizations.database import run

WAITS = timedelta(days=14)


def approve(*, approval_id: int, user_id: int, words: str = "") -> Approval:
    """Do what was asked, once. What was approved stays as it is; what cannot be done any more lapses.

    Raises ValidationError for one's own request, for one that was decided otherwise, and where the money is not there.
    """
    with transaction.atomic():
        approval = _open(approval_id)
        if approval.status == ApprovalStatus.APPROVED:
            return approval
        _check_waits(approval)
        if approval.asked_by_id == user_id:
            raise ValidationError("You asked for this: somebody else must approve it.")
        if why := cannot_be_done(approval):
            return _close(approval, ApprovalStatus.LAPSED, None, why)
        approval.decided_by_id = user_id
        approval.transaction_key = _do(approval)
        return _close(approval, ApprovalStatus.APPROVED, user_id, words)


def decline(*, approval_id: int, user_id: int, words: str) -> Approval:
    """Say no, with words for the asker.

    Raises ValidationError without words, for one's own request and for one that was decided otherwise.
    """
    if not words.strip():
        raise ValidationError({"reason": "Say why: the asker reads it."})
    with transaction.atomic():
        approval = _open(approval_id)
        if approval.status == ApprovalStatus.DECLINED:
            return approval
        _check_waits(approval)
        if approval.asked_by_id == user_id:
            raise ValidationError("You asked for this: withdraw it instead.")
        return _close(approval, ApprovalStatus.DECLINED, user_id, words)


def withdraw(*, approval_id: int, user_id: int, words: str) -> Approval:
    """Take one's own request back. Raises ValidationError for somebody else's and for one decided otherwise."""
    with transaction.atomic():
        approval = _open(approval_id)
        if approval.asked_by_id != user_id:
            raise ValidationError("Only who asked for it may withdraw it. Decline it instead.")
        if approval.status == ApprovalStatus.WITHDRAWN:
            return approval
        _check_waits(approval)
        return _close(approval, ApprovalStatus.WITHDRAWN, user_id, words)


def lapse_due() -> int:
    """Close what cannot be done any more or has waited for 14 days; returns how many."""
    lapsed = 0
    for pk in Approval.objects.filter(status=ApprovalStatus.REQUESTED).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            approval = _open(pk)
            if approval.status == ApprovalStatus.REQUESTED and (why := cannot_be_done(approval) or _is_late(approval)):
                _close(approval, ApprovalStatus.LAPSED, None, why)
                lapsed += 1
    return lapsed


def cannot_be_done(approval: Approval) -> str:
    """Why nobody can do this any more, however much money there is; empty while somebody can. Under the wallet's
    lock."""
    if approval.is_about_invoice:
        return invoices.cannot_be_done(approval)
    if approval.credit_expires_at is not None and approval.credit_expires_at <= timezone.now():
        return "The promo credit would have expired already."
    if approval.refund is not None and approval.refund.status != RefundStatus.REQUESTED:
        return f"The customer's request was decided otherwise: {approval.refund.get_status_display().lower()}."
    return ""


def _is_late(approval: Approval) -> str:
    return f"Nobody decided within {WAITS.days} days." if approval.asked_at <= timezone.now() - WAITS else ""


def _open(approval_id: int) -> Approval:
    """The request under its wallet's lock, as it is now; the terms are locked first, as by every deed."""
    wallet_id, asker_id = Approval.objects.values_list("wallet_id", "asked_by_id").get(pk=approval_id)
    alone.of_person(wallet_id=wallet_id, actor_id=asker_id)
    run(lock_wallets([wallet_id]))
    return Approval.objects.select_related("wallet__account__product", "refund", "asked_by").get(pk=approval_id)


def _check_waits(approval: Approval) -> None:
    if approval.status != ApprovalStatus.REQUESTED:
        raise ValidationError(f"This does not wait any more: {approval.get_status_display().lower()}.")


def _do(approval: Approval) -> str:
    """Do it in the name of who asked; returns the ledger's key of what it did."""
    asker_id = approval.asked_by_id
    amount = approval.amount.amount
    if approval.is_about_invoice:
        return invoices.do(approval)
    if approval.kind == ApprovalKind.ADJUSTMENT:
        number = credits.adjust(
            wallet_id=approval.wallet_id,
            amount=amount,
            reason=approval.reason,
            actor_id=asker_id,
            key=approval.key,
            approval=approval,
        )
    elif approval.kind == ApprovalKind.PROMO:
        number = give_promo(
            wallet_id=approval.wallet_id,
            amount=amount,
            reason=approval.reason,
            actor_id=asker_id,
            key=approval.key,
            expires_at=approval.credit_expires_at,
            approval=approval,
        )
    else:
        return f"refund:{_refund(approval)}"
    if number is None:
        raise ValidationError("A transaction with this key is there already. Decline this and look at the ledger.")
    return approval.key


def _refund(approval: Approval) -> int:
    """Send the money back; the refund's id."""
    amount = -approval.amount.amount
    if approval.refund_id is not None:
        going = refunds.approve(
            refund_id=approval.refund_id,
            user_id=approval.asked_by_id,
            decision=approval.reason,
            amount=amount,
            approval=approval,
        )
        return going.pk
    assert approval.payment_id is not None
    made = refunds.refund_payment(
        payment_id=approval.payment_id,
        amount=amount,
        reason=approval.reason,
        user_id=approval.asked_by_id,
        reference=uuid.UUID(approval.key),
        approval=approval,
    )
    return made.pk


def _close(approval: Approval, status: ApprovalStatus, user_id: int | None, words: str) -> Approval:
    approval.status, approval.decided_by_id, approval.words = status, user_id, words.strip()
    approval.decided_at = timezone.now()
    approval.save(update_fields=["status", "decided_by", "words", "decided_at", "transaction_key"])
    tell_of_decision(approval)
    return approval
