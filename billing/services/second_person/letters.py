"""Letters to staff: to those who may approve, that something waits; to the asker, what came of it."""

from __future__ import annotations

from django.conf import settings

from billing.models import Approval, ApprovalStatus
from billing.templatetags.money import money_text
from notifications.services.deliveries import queue_email
from notifications.services.staff_mail import Letter, tell_staff

DECIDES = "billing.change_approval"


def tell_of_request(approval: Approval) -> None:
    """Something waits for a second person: to everybody who may be that, but for the asker."""
    tell_staff(
        key=f"approval:{approval.pk}",
        write=lambda: _waits(approval),
        permission=DECIDES,
        except_id=approval.asked_by_id,
    )


def tell_of_decision(approval: Approval) -> None:
    """The asker hears what came of it, unless the asker did it."""
    if approval.status == ApprovalStatus.WITHDRAWN or not approval.asked_by.is_active:
        return
    by = f" by {approval.decided_by}" if approval.decided_by else ""
    words = f": {approval.words}" if approval.words else "."
    queue_email(
        key=f"approval:{approval.pk}:{approval.status}",
        recipient=approval.asked_by.email,
        subject=f"{approval.get_status_display()}: {what(approval)}",
        body=f"{approval} is {approval.get_status_display().lower()}{by}{words}\n{address(approval)}",
    )


def what(approval: Approval) -> str:
    """What is asked for, in a line: Adjust the balance, -$300.00, Acme (AI PBX)."""
    account = approval.wallet.account
    amount = money_text(approval.amount.amount, approval.currency)
    return f"{approval.get_kind_display()}, {amount}, {account} ({account.product})"


def address(approval: Approval) -> str:
    """Its page in the back office."""
    return f"{settings.SITE_URL}/admin/billing/approval/{approval.pk}/change/"


def _waits(approval: Approval) -> Letter:
    return Letter(
        f"Waits for a second person: {what(approval)}",
        f"{approval.asked_by} asks: {what(approval)}.\nReason: {approval.reason}\n"
        f"Nothing moves until somebody else approves it.\n{address(approval)}",
    )
