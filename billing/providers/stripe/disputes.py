"""Disputes: what a cardholder's bank has taken, or only asks about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billing.providers.base import DisputeFacts
from billing.providers.stripe import client, facts
from billing.providers.stripe.client import moment
from billing.providers.stripe.copies import keep_dispute
from billing.providers.stripe.money import major

STATES = {
    "warning_needs_response": "inquiry",
    "warning_under_review": "inquiry",
    "warning_closed": "won",
    "prevented": "won",
    "won": "won",
    "lost": "lost",
}
"""Every other state is an open dispute, whose money is gone until it is won."""


def of_dispute(dispute: Mapping[str, Any]) -> DisputeFacts:
    """A dispute, a plain dict of Stripe's object."""
    opened_at = moment(dispute["created"])
    assert opened_at is not None
    return DisputeFacts(
        provider_reference=str(dispute["id"]),
        payment_reference=facts.identifier(dispute.get("payment_intent")),
        charge_reference=facts.identifier(dispute["charge"]),
        amount=major(dispute["amount"], dispute["currency"]),
        currency=dispute["currency"].upper(),
        status=STATES.get(dispute["status"], "opened"),
        reason=str(dispute.get("reason") or ""),
        opened_at=opened_at,
        evidence_due_at=moment((dispute.get("evidence_details") or {}).get("due_by")),
    )


def dispute_facts(reference: str) -> DisputeFacts:
    """A dispute as it stands. Raises stripe.StripeError."""
    found = client.client().v1.disputes.retrieve(reference)
    keep_dispute(found)
    return of_dispute(found.to_dict())
