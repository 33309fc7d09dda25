"""Disputes: a cardholder takes a payment back through the bank (DESIGN.md, 'State machines').

opened: the wallet is frozen and the disputed share clawed back, as debt where it is spent; won: all of it returns;
lost: it stays away. Either end lets the wallet go, unless another dispute is open. An inquiry has taken nothing yet and
is only told. Facts come in any order and as often as they like: a dispute that was won never opens again.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet

from billing.models import (
    DifferenceKind,
    Dispute,
    DisputeStatus,
    Payment,
    PaymentProvider,
    Refund,
    Transaction,
    TransactionKind,
    Transfer,
)
from billing.providers.base import DisputeFacts
from billing.selectors.refund_shares import MICRO, UNIT, ZERO, credit_of, portion, refunded_of
from billing.services.books import Books, Note
from billing.services.chain import TransferPart
from billing.services.dispute_letters import tell_of_dispute
from billing.services.ledger import load_grants, open_books, write
from billing.services.reconciliation.differences import note_difference
from billing.services.refunds.reserving import ledger_tax
from billing.services.wallets import freeze

# How far a dispute has come; facts that are behind change nothing.
STAGE = {DisputeStatus.INQUIRY: 0, DisputeStatus.OPENED: 1, DisputeStatus.LOST: 2, DisputeStatus.WON: 3}
CLOSED = (DisputeStatus.WON, DisputeStatus.LOST)
TAKING = (DisputeStatus.OPENED, DisputeStatus.LOST)


def settle(*, facts: DisputeFacts, provider: str = PaymentProvider.STRIPE.value) -> Dispute | None:
    """Bring a dispute to what the provider says; None, and a difference for staff, for a payment that is not ours."""
    payment = _payment(facts, provider)
    if payment is None:
        note_difference(
            provider=provider,
            kind=DifferenceKind.UNKNOWN_DISPUTE,
            reference=facts.provider_reference,
            wallet_id=None,
            expected="a payment of ours",
            found=f"{facts.amount} {facts.currency} of {facts.payment_reference or facts.charge_reference}",
        )
        return None
    with transaction.atomic():
        books, _reads = open_books([payment.wallet_id])
        payment = Payment.objects.select_related("wallet__account__product").get(pk=payment.pk)
        dispute = Dispute.objects.filter(provider_reference=facts.provider_reference).first()
        status = DisputeStatus(facts.status)
        if dispute is None:
            dispute = _new(payment, facts)
        elif STAGE[DisputeStatus(dispute.status)] >= STAGE[status]:
            _note_dates(dispute, facts)
            write(books)
            return dispute
        dispute.payment = payment
        _move(books, dispute, status)
        _note_dates(dispute, facts)
        tell_of_dispute(
            dispute, moved=sum((abs(each.amount) for each in books.postings if _is_of(dispute, each.key)), ZERO)
        )
        write(books)
    return dispute


def claw_back_returned(books: Books, refund: Refund) -> None:
    """A refund of a disputed payment failed: the bank has taken that money by the dispute, so the wallet loses it, too.

    Part of giving the refund back; the caller writes the books.
    """
    disputes = Dispute.objects.filter(payment_id=refund.payment_id, status__in=TAKING)
    for dispute in disputes.select_related("payment").order_by("id"):
        _claw_back(books, dispute, key=f"dispute:{dispute.pk}:{refund.pk}")


def _payment(facts: DisputeFacts, provider: str) -> Payment | None:
    ours = Payment.objects.filter(provider=provider)
    if facts.payment_reference:
        return ours.filter(reference=facts.payment_reference).first()
    return ours.filter(charge_reference=facts.charge_reference).exclude(charge_reference="").first()


def _new(payment: Payment, facts: DisputeFacts) -> Dispute:
    """The dispute's row as an inquiry; `_move` takes it on from there."""
    is_its_own = facts.currency == str(payment.charge_currency)
    credit = credit_of(payment, facts.amount) if is_its_own else payment.amount.amount
    return Dispute.objects.create(
        payment=payment,
        wallet_id=payment.wallet_id,
        currency=payment.currency,
        amount=max(credit, UNIT if payment.currency == "CREDIT" else MICRO),
        charge_currency=facts.currency,
        charge_amount=facts.amount,
        provider_reference=facts.provider_reference,
        reason=facts.reason[:60],
        status=DisputeStatus.INQUIRY,
        evidence_due_at=facts.evidence_due_at,
        opened_at=facts.opened_at,
    )


def _move(books: Books, dispute: Dispute, status: DisputeStatus) -> None:
    """From whatever it is to a later state, with what that means for the wallet."""
    had_taken = dispute.status in TAKING
    dispute.status = status
    if status in TAKING and not had_taken:
        _claw_back(books, dispute, key=f"dispute:{dispute.pk}")
    if status == DisputeStatus.OPENED:
        dispute.froze_wallet = freeze(books, dispute.wallet_id, is_frozen=True)
        books.wallets[dispute.wallet_id].stop_is_told = True
    if status == DisputeStatus.WON:
        _reinstate(books, dispute)
    if status in CLOSED:
        dispute.closed_at = books.now
    dispute.save()
    if status == DisputeStatus.WON:  # what it held is the others' to take, whose news may have come first
        for other in _others(dispute):
            _claw_back(books, other, key=f"dispute:{other.pk}:after:{dispute.pk}")
    if status in CLOSED:
        _let_go(books, dispute.wallet_id)


def _claw_back(books: Books, dispute: Dispute, *, key: str) -> None:
    """Take the disputed share, less what was refunded and what disputes have taken before."""
    payment = dispute.payment
    if payment.grant_id is None:  # a subscription's month has no lot; staff see the dispute
        return
    held = _held(books, dispute)
    rest = payment.amount.amount - refunded_of(payment).amount
    rest -= sum((_held(books, other) for other in _others(dispute)), ZERO)
    amount = min(Decimal(dispute.amount.amount), rest) - held
    if amount <= 0:
        return
    tax = portion(payment, amount, before=refunded_of(payment)).tax
    books.claw_back(
        books.wallets[dispute.wallet_id],
        load_grants(books, [payment.grant_id])[payment.grant_id],
        amount,
        Note(TransactionKind.DISPUTE.value, key, "Disputed payment", dispute.reason),
        tax=ledger_tax(payment, tax),
    )


def _others(dispute: Dispute) -> QuerySet[Dispute]:
    """The payment's other disputes that hold something of it: together they never take more than there was."""
    holding = Dispute.objects.filter(payment_id=dispute.payment_id, status__in=TAKING).exclude(pk=dispute.pk)
    return holding.select_related("payment").order_by("id")


def _held(books: Books, dispute: Dispute) -> Decimal:
    """What the dispute has taken so far, also in the open books. Not of one that was won."""
    posted = sum((each.amount for each in books.postings if _is_of(dispute, each.key)), ZERO)
    return -sum(_taken(dispute).values_list("amount", flat=True), posted)


def _reinstate(books: Books, dispute: Dispute) -> None:
    """Give back, transfer by transfer, whatever the dispute took."""
    parts: list[TransferPart] = list(
        Transfer.objects.filter(transaction__in=_taken(dispute))
        .order_by("id")
        .values_list("source_id", "target_id", "amount", "grant_id")
    )
    if not parts:
        return
    grants = load_grants(books, [grant_id for *_part, grant_id in parts if grant_id is not None])
    note = Note(TransactionKind.REINSTATED.value, f"reinstated:{dispute.pk}", "Dispute won")
    books.reverse(books.wallets[dispute.wallet_id], parts, grants, note, spent_on=None)


def _let_go(books: Books, wallet_id: int) -> None:
    """Unfreeze the wallet, if a dispute froze it and no other is open."""
    ours = Dispute.objects.filter(wallet_id=wallet_id)
    froze = ours.filter(froze_wallet=True)
    if froze.exists() and not ours.filter(status=DisputeStatus.OPENED).exists():
        freeze(books, wallet_id, is_frozen=False)
        froze.update(froze_wallet=False)


def _note_dates(dispute: Dispute, facts: DisputeFacts) -> None:
    if facts.evidence_due_at != dispute.evidence_due_at:
        dispute.evidence_due_at = facts.evidence_due_at
        dispute.save(update_fields=["evidence_due_at"])


def _taken(dispute: Dispute) -> QuerySet[Transaction]:
    """The transactions by which the dispute took money."""
    key = f"dispute:{dispute.pk}"
    return Transaction.objects.filter(Q(key=key) | Q(key__startswith=f"{key}:"), wallet_id=dispute.wallet_id)


def _is_of(dispute: Dispute, key: str) -> bool:
    """Whether the transaction with this key took money for the dispute, or gave it back."""
    return key.startswith(f"dispute:{dispute.pk}:") or key in (f"dispute:{dispute.pk}", f"reinstated:{dispute.pk}")
