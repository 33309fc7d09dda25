"""What staff and customers are told of a dispute, once for each state that it reaches.

Staff get a letter, the customer a notice, whose words are `billing.letters.disputes`.
"""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings

from billing.models import Dispute, DisputeStatus
from billing.templatetags.money import money_text
from notifications.models import Event
from notifications.services.notices import Told, tell
from notifications.services.staff_mail import Letter, tell_staff


def tell_of_dispute(dispute: Dispute, *, moved: Decimal) -> None:
    """Tell staff of every state, and the customer of what it did to the balance: `moved`, in the wallet's currency."""
    key = f"dispute:{dispute.pk}:{dispute.status}"
    tell_staff(key=key, write=lambda: _to_staff(dispute))
    concerns_customer = dispute.status in (DisputeStatus.OPENED, DisputeStatus.LOST) or (
        dispute.status == DisputeStatus.WON and moved  # without, nothing of it ever reached the customer
    )
    if concerns_customer:
        _tell_customer(dispute, key, moved)


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


def _tell_customer(dispute: Dispute, key: str, moved: Decimal) -> None:
    facts = {
        "state": dispute.status,
        "taken": f"{dispute.charge_amount.amount:f}",
        "charge_currency": str(dispute.charge_currency),
        "amount": f"{moved:f}",
        "currency": dispute.currency,
    }
    subject = f"dispute:{dispute.pk}"
    tell(Told(dispute.wallet.account_id, Event.DISPUTE, key, subject=subject, facts=facts))


def _taken(dispute: Dispute) -> str:
    return money_text(dispute.charge_amount.amount, str(dispute.charge_currency))
