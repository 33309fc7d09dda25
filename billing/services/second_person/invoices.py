"""What staff take off an invoice: written off or credited at once where one person may do it alone, else asked for.

Both lower what is owed as an adjustment does and count with one; the request's key names the invoice. Approved is what
was asked for and nothing else: where an invoice asks for another sum by then, the request lapses.
"""

from __future__ import annotations

import uuid
from decimal import Decimal

from billing.models import Approval, ApprovalKind, BillingPeriod, Document, PeriodStatus
from billing.models.approval import CREDIT_NOTE, WRITE_OFF
from billing.services.documents import by_staff
from billing.services.documents.credit_notes import left_of
from billing.services.postpay import ending
from billing.services.second_person.asking import Answer, do_or_ask


def write_off(*, period_id: int, reason: str, actor_id: int, token: uuid.UUID) -> Answer:
    """Give an invoice up, or ask for it. Raises ValidationError as `ending.write_off` does."""

    def do() -> Answer:
        ending.write_off(period_id=period_id, reason=reason, actor_id=actor_id)
        return Answer()

    wallet_id = BillingPeriod.objects.values_list("wallet_id", flat=True).get(pk=period_id)
    wanted = {"kind": ApprovalKind.ADJUSTMENT, "reason": reason}
    key = f"{WRITE_OFF}:{period_id}:{token}"
    return do_or_ask(do, wallet_id=wallet_id, actor_id=actor_id, key=key, wanted=wanted)


def credit_invoice(*, document_id: int, total: Decimal, reason: str, actor_id: int, token: uuid.UUID) -> Answer:
    """Take `total` off an invoice, or ask for it. Raises ValidationError as `by_staff.credit_invoice` does."""

    def do() -> Answer:
        note = by_staff.credit_invoice(
            document_id=document_id, total=total, reason=reason, user_id=actor_id, once=str(token)
        )
        return Answer(document=note)

    wallet_id = Document.objects.values_list("wallet_id", flat=True).get(pk=document_id)
    wanted = {"kind": ApprovalKind.ADJUSTMENT, "reason": reason}
    key = f"{CREDIT_NOTE}:{document_id}:{token}"
    return do_or_ask(do, wallet_id=wallet_id, actor_id=actor_id, key=key, wanted=wanted)


def cannot_be_done(approval: Approval) -> str:
    """Why what was asked about an invoice cannot be done any more; empty while it can. Under the wallet's lock."""
    asked = approval.amount.amount
    if _is_credit(approval):
        document = Document.objects.select_related("period").get(pk=approval.invoice_id)
        if document.period is not None and document.period.status == PeriodStatus.UNCOLLECTIBLE:
            return "The invoice was written off."
        return "" if sum(left_of(document)) >= asked else "Less is left of the invoice by now. Ask again."
    period = BillingPeriod.objects.select_related("wallet").get(pk=approval.invoice_id)
    if period.status not in (PeriodStatus.OPEN, PeriodStatus.OVERDUE):
        return f"The invoice does not wait for payment any more: {period.get_status_display().lower()}."
    lost = min(period.due, period.wallet.debt.amount)
    return "" if lost == asked else "What is still to pay is not what it was. Ask again."


def do(approval: Approval) -> str:
    """Do it in the name of who asked; returns the ledger's key of what it did."""
    if _is_credit(approval):
        note = by_staff.credit_invoice(
            document_id=approval.invoice_id,
            total=approval.amount.amount,
            reason=approval.reason,
            user_id=approval.asked_by_id,
            once=approval.key.split(":")[2],
            approval=approval,
        )
        return note.key
    ending.write_off(
        period_id=approval.invoice_id, reason=approval.reason, actor_id=approval.asked_by_id, approval=approval
    )
    return ending.write_off_key(approval.invoice_id)


def _is_credit(approval: Approval) -> bool:
    return approval.key.startswith(f"{CREDIT_NOTE}:")
