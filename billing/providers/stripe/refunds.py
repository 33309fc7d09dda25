"""Refunds: sent to the card that paid, at most once for each of ours, and looked up."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import stripe

from billing.providers.base import Outcome, ProviderError, RefundFacts, RefundRequest
from billing.providers.stripe import client, facts
from billing.providers.stripe.copies import keep_refund
from billing.providers.stripe.money import major, minor

REFUND = "refund"
STATES = {
    "pending": Outcome.PENDING,
    "requires_action": Outcome.REQUIRES_ACTION,
    "succeeded": Outcome.SUCCEEDED,
    "failed": Outcome.FAILED,
    "canceled": Outcome.FAILED,
}
logger = logging.getLogger(__name__)


def of_refund(refund: Mapping[str, Any]) -> RefundFacts:
    """A refund, a plain dict of Stripe's object."""
    why = refund.get("failure_reason") or ("canceled" if refund["status"] == "canceled" else "")
    return RefundFacts(
        outcome=STATES.get(refund["status"], Outcome.PENDING),
        provider_reference=str(refund["id"]),
        refund_reference=str((refund.get("metadata") or {}).get(REFUND, "")),
        payment_reference=facts.identifier(refund.get("payment_intent")),
        amount=major(refund["amount"], refund["currency"]),
        currency=refund["currency"].upper(),
        failure_message=str(why).replace("_", " "),
    )


def refund(request: RefundRequest) -> RefundFacts:
    """Send money back, or repeat that; see `Provider.refund`."""
    if not client.key_is_kept(request.asked_at):
        return look_up_refund(request)
    try:
        made = client.client().v1.refunds.create(
            {
                "payment_intent": request.payment_reference,
                "amount": minor(request.amount, request.currency),
                "metadata": {REFUND: request.reference},
            },
            {"idempotency_key": request.reference},
        )
    except stripe.StripeError as error:
        if client.is_without_answer(error):
            logger.warning("Stripe gave no answer to refund %s: %s", request.reference, client.words(error))
            return RefundFacts(Outcome.UNKNOWN, request.provider_reference, request.reference)
        raise ProviderError(client.words(error)) from error
    keep_refund(made)
    return of_refund(made.to_dict())


def look_up_refund(request: RefundRequest) -> RefundFacts:
    """How a refund stands, found by its identifier or among the payment's by our reference."""
    try:
        with client.asking():
            if request.provider_reference:
                return refund_facts(request.provider_reference)
            listed = client.client().v1.refunds.list({"payment_intent": request.payment_reference, "limit": 100})
            for each in listed.auto_paging_iter():
                found = of_refund(each.to_dict())
                if found.refund_reference == request.reference:
                    return found
    except client.MissingError:
        pass
    return RefundFacts(Outcome.MISSING, request.provider_reference, request.reference, request.payment_reference)


def refund_facts(reference: str) -> RefundFacts:
    """A refund as it stands. Raises stripe.StripeError."""
    found = client.client().v1.refunds.retrieve(reference)
    keep_refund(found)
    return of_refund(found.to_dict())


def newest_refund_of(charge: str) -> RefundFacts | None:
    """The last refund of a charge. Raises stripe.StripeError."""
    for each in client.client().v1.refunds.list({"charge": charge, "limit": 1}).data:
        keep_refund(each)
        return of_refund(each.to_dict())
    return None
