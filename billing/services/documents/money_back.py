"""What refunds and disputes do to a payment's receipt.

A refund that succeeded, and a dispute that was lost, credit their share of it. Where the money came back to the balance
after all (the refund failed later, the dispute was won in the end), a receipt takes the credit note back. While a
dispute is open nothing is credited: it may still be won.
"""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from billing.documents.content import Settlement
from billing.models import (
    Dispute,
    DisputeStatus,
    Document,
    DocumentKind,
    LedgerAccountKind,
    Payment,
    Refund,
    RefundStatus,
    Transaction,
    Transfer,
)
from billing.models.ledger import KINDS_PER_WALLET
from billing.selectors.prices import cents
from billing.selectors.refund_shares import portion, refunded_of
from billing.services.documents.credit_notes import PARTIES, Credit, correction, credit, left_of
from billing.services.documents.issuing import issue
from billing.services.documents.receipts import charged_of, paid_by, receipt_key
from billing.services.documents.shares import ZERO
from billing.services.locking import lock_wallets
from organizations.database import run


def credit_refund(*, refund_id: int) -> Document | None:
    """Bring the documents to what became of a refund; the newest of them, None where there is nothing to state."""
    with transaction.atomic():
        run(lock_wallets([Refund.objects.values_list("wallet_id", flat=True).get(pk=refund_id)]))
        refund = Refund.objects.select_related("payment__top_up").get(pk=refund_id)
        receipt = receipt_of(refund.payment)
        if receipt is None:
            return None
        note = _document(refund.wallet_id, f"refund:{refund.pk}")
        if refund.status == RefundStatus.SUCCEEDED:
            return note or credit(receipt, _of_refund(receipt, refund))
        if refund.status == RefundStatus.FAILED and note is not None:
            return take_back(note, key=f"refund_back:{refund.pk}")
        return note


def credit_dispute(*, dispute_id: int) -> Document | None:
    """Bring the documents to what became of a dispute; the newest of them, None where there is nothing to state."""
    with transaction.atomic():
        run(lock_wallets([Dispute.objects.values_list("wallet_id", flat=True).get(pk=dispute_id)]))
        dispute = Dispute.objects.select_related("payment__top_up").get(pk=dispute_id)
        receipt = receipt_of(dispute.payment)
        if receipt is None:
            return None
        note = _document(dispute.wallet_id, f"dispute:{dispute.pk}")
        if dispute.status == DisputeStatus.LOST and note is None:
            net, tax = _lost(receipt, dispute)
            if net + tax <= 0:
                return None
            back = Credit(key=f"dispute:{dispute.pk}", net=net, tax=tax, at=timezone.now(), dispute=dispute)
            return credit(receipt, back)
        if dispute.status == DisputeStatus.WON and note is not None:
            return take_back(note, key=f"reinstated:{dispute.pk}")
        return note


def receipt_of(payment: Payment) -> Document | None:
    """The payment's receipt with all that a correction copies, if it has one."""
    receipts = Document.objects.filter(wallet_id=payment.wallet_id, key=receipt_key(payment.pk))
    return receipts.select_related(*PARTIES).first()


def take_back(note: Document, *, key: str) -> Document:
    """A receipt for what the credit note gave back and the customer has again. In the caller's transaction."""
    note = Document.objects.select_related(*PARTIES, "refund", "dispute").get(pk=note.pk)
    with translation.override(note.language):
        words = _("Returned to the balance after %(document)s") % {"document": note.label}
    back = Credit(
        key=key,
        net=note.net.amount,
        tax=note.tax.amount,
        at=timezone.now(),
        refund=note.refund,
        dispute=note.dispute,
    )
    return issue(correction(note, DocumentKind.RECEIPT, back, words))


def _of_refund(receipt: Document, refund: Refund) -> Credit:
    total, tax, now = refund.total.amount, refund.tax.amount, timezone.now()
    sent_on = (refund.finished_at or now).astimezone(ZoneInfo(receipt.issuer.timezone)).date()
    with translation.override(receipt.language):
        way = paid_by(refund.payment)
    return Credit(
        key=f"refund:{refund.pk}",
        net=total - tax,
        tax=tax,
        at=now,
        reason=refund.reason,
        settlements=(Settlement(way, total, sent_on),),
        charged=charged_of(refund.payment, refund.charge_amount.amount),
        refund=refund,
    )


def _lost(receipt: Document, dispute: Dispute) -> tuple[Decimal, Decimal]:
    """Net and tax of what the dispute took, as the ledger has it; in another currency, its share of the price.

    A subscription's payment has no lot that the ledger could take from: there it is the disputed share.
    """
    key = f"dispute:{dispute.pk}"
    taken = Transaction.objects.filter(Q(key=key) | Q(key__startswith=f"{key}:"), wallet_id=dispute.wallet_id)
    is_subscription = dispute.payment.grant_id is None
    amount = dispute.amount.amount if is_subscription else -(taken.aggregate(sum=Sum("amount"))["sum"] or ZERO)
    if is_subscription or str(receipt.currency) != str(dispute.currency):
        share = portion(dispute.payment, amount, before=refunded_of(dispute.payment))
        net, tax = share.total - share.tax, share.tax
    else:
        tax_account = dispute.wallet_id * KINDS_PER_WALLET + LedgerAccountKind.TAX
        taxes = Transfer.objects.filter(transaction__in=taken, source_id=tax_account)
        net, tax = cents(amount), taxes.aggregate(sum=Sum("amount"))["sum"] or ZERO
    left = left_of(receipt)
    return min(net, left[0]), min(tax, left[1])


def _document(wallet_id: int, key: str) -> Document | None:
    return Document.objects.filter(wallet_id=wallet_id, key=key).first()
