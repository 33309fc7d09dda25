"""What staff and customers are told of a dispute, once for each state that it reaches."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _

from billing.models import Dispute, DisputeStatus
from billing.services.mail import Letter, tell_account, tell_staff
from billing.templatetags.money import money_text


def tell_of_dispute(dispute: Dispute, *, moved: Decimal) -> None:
    """Tell staff of every state, and the customer of what it did to the balance: `moved`, in the wallet's currency."""
    key = f"dispute:{dispute.pk}:{dispute.status}"
    tell_staff(key=key, write=lambda: _to_staff(dispute))
    concerns_customer = dispute.status in (DisputeStatus.OPENED, DisputeStatus.LOST) or (
        dispute.status == DisputeStatus.WON and moved  # without, nothing of it ever reached the customer
    )
    if concerns_customer:
        tell_account(account_id=dispute.wallet.account_id, key=key, write=lambda: _to_customer(dispute, moved))


def _to_staff(dispute: Dispute) -> Letter:
    account, taken = dispute.wallet.account, _taken(dispute)
    due = ""
    if dispute.evidence_due_at and dispute.status in (DisputeStatus.INQUIRY, DisputeStatus.OPENED):
        due = f"\nEvidence is due by {dispute.evidence_due_at:%Y-%m-%d %H:%M} UTC."
    return Letter(
        f"Dispute {dispute.get_status_display().lower()}: {taken}, {account} ({account.product})",
        f"{dispute.provider_reference} about {dispute.payment}: {taken}, reason: {dispute.reason or 'none'}.{due}\n"
        f"{settings.SITE_URL}/admin/billing/dispute/{dispute.pk}/change/",
    )


def _to_customer(dispute: Dispute, moved: Decimal) -> Letter:
    words = {
        DisputeStatus.OPENED: _("The payment of %(taken)s was disputed with your bank. %(amount)s left your balance."),
        DisputeStatus.WON: _("The dispute of %(taken)s was settled. %(amount)s is in your balance again."),
        DisputeStatus.LOST: _("The bank has returned the disputed %(taken)s to you, and it stays out of your balance."),
    }[DisputeStatus(dispute.status)]
    frozen = _(
        "No call can start until it is settled. If you did not mean to dispute it, ask your bank to withdraw it."
    )
    taken = _taken(dispute)
    lines = [words % {"taken": taken, "amount": money_text(moved, dispute.currency)}]
    if dispute.status == DisputeStatus.OPENED:
        lines += ["", frozen]
    product = dispute.wallet.account.product.name
    subject = _("%(product)s: disputed payment of %(taken)s") % {"product": product, "taken": taken}
    return Letter(subject, "\n".join(lines))


def _taken(dispute: Dispute) -> str:
    return money_text(dispute.charge_amount.amount, str(dispute.charge_currency))
