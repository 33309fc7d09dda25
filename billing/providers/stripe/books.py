"""Stripe's own books since a moment, for reconciliation: every page of every list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from billing.providers.base import DisputeFacts, Outcome, PaymentFacts, RefundFacts
from billing.providers.stripe import client, facts, invoices, subscriptions
from billing.providers.stripe.disputes import of_dispute
from billing.providers.stripe.notices import invoice_of
from billing.providers.stripe.refunds import of_refund

PAGE_OPEN_MAX = timedelta(hours=25)
"""An intent may be paid so long after it was made; Stripe lists by the making."""
EXPAND = [f"data.{name}" for name in facts.OF_INTENT]


def payments_since(since: datetime) -> Iterator[PaymentFacts]:
    """Every payment that succeeded since then. Raises ProviderUnavailableError."""
    made_since = int((since - PAGE_OPEN_MAX).timestamp())
    with client.asking():
        listed = client.client().v1.payment_intents.list(
            {"created": {"gte": made_since}, "limit": 100, "expand": EXPAND}
        )
        for intent in listed.auto_paging_iter():
            found = facts.of_intent(intent.to_dict())
            if found.outcome == Outcome.SUCCEEDED and found.paid_at is not None and found.paid_at >= since:
                yield found if found.top_up_reference else _of_invoice(found)


def _of_invoice(found: PaymentFacts) -> PaymentFacts:
    """The payment with what its invoice is of: a subscription, or a postpay period."""
    invoice = invoice_of(found.payment_reference)
    if invoice is None:
        return found
    _, reference = subscriptions.subscription_of(invoice)
    return replace(found, subscription_reference=reference, period_reference=invoices.period_of(invoice))


def refunds_since(since: datetime) -> Iterator[RefundFacts]:
    """Every refund made since then. Raises ProviderUnavailableError."""
    with client.asking():
        listed = client.client().v1.refunds.list({"created": {"gte": int(since.timestamp())}, "limit": 100})
        for each in listed.auto_paging_iter():
            yield of_refund(each.to_dict())


def disputes_since(since: datetime) -> Iterator[DisputeFacts]:
    """Every dispute opened since then. Raises ProviderUnavailableError."""
    with client.asking():
        listed = client.client().v1.disputes.list({"created": {"gte": int(since.timestamp())}, "limit": 100})
        for each in listed.auto_paging_iter():
            yield of_dispute(each.to_dict())
