"""What staff and customers are told of a dispute, once for each state that it reaches."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _

from billing.models import Dispute, DisputeStatus
from billing.services.mail import tell_account, tell_staff
from billing.templatetags.money import money_text


def tell_of_dispute(dispute: Dispute, *, moved: Decimal) -> None:
    """Tell staff of every state, and the customer of what it did to the balance: `moved`, in the wallet's currency."""
    key = f"dispute:{dispute.pk}:{dispute.status}"
    account = dispute.wallet.account
    taken = money_text(dispute.charge_amount.amount, str(dispute.charge_currency))
    due = f"\nEvidence is due by {dispute.evidence_due_at:%Y-%m-%d %H:%M} UTC." if dispute.evidence_due_at else ""
    tell_staff(
        key=key,
        subject=f"Dispute {dispute.get_status_display().lower()}: {taken}, {account} ({account.product})",
        body=f"{dispute.provider_reference} about {dispute.payment}: {taken}, reason: {dispute.reason or 'none'}."
        f"{due if dispute.status in (DisputeStatus.INQUIRY, DisputeStatus.OPENED) else ''}\n"
        f"{settings.SITE_URL}/admin/billing/dispute/{dispute.pk}/change/",
    )
    frozen = _(
        "No call can start until it is settled. If you did not mean to dispute it, ask your bank to withdraw it."
    )
    words = {
        DisputeStatus.OPENED: _("The payment of %(taken)s was disputed with your bank. %(amount)s left your balance."),
        DisputeStatus.WON: _("The dispute of %(taken)s was settled. %(amount)s is in your balance again."),
        DisputeStatus.LOST: _("The bank has returned the disputed %(taken)s to you, and it stays out of your balance."),
    }.get(DisputeStatus(dispute.status))
    if words is None or (dispute.status == DisputeStatus.WON and not moved):  # nothing of it reached the customer
        return
    if dispute.status == DisputeStatus.OPENED:
        words = f"{words}\n\n{frozen}"
    tell_account(
        account_id=account.pk,
        key=key,
        subject=_("%(product)s: disputed payment of %(taken)s") % {"product": account.product.name, "taken": taken},
        body=words % {"taken": taken, "amount": money_text(moved, dispute.currency)},
    )
