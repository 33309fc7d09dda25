"""Monthly subscriptions: begun on Stripe's page, renewed by Stripe, ended with their period or at once.

Each paid invoice is a payment of its own, keyed by its payment intent like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import stripe
from djstripe.models import Subscription

from billing.providers.base import Outcome, PaymentFacts, ProviderError, SubscriptionFacts, SubscriptionRequest
from billing.providers.stripe import client, customers, facts
from billing.providers.stripe.charges import BEFORE_ASKED, intent_facts
from billing.providers.stripe.client import moment
from billing.providers.stripe.copies import keep
from billing.providers.stripe.money import minor

SUBSCRIPTION = "subscription"
INVOICES_MAX = 12
"""How many of the newest paid invoices are told: more than can be lost in between."""
STATES = {
    "active": Outcome.SUCCEEDED,
    "trialing": Outcome.SUCCEEDED,
    "past_due": Outcome.FAILED,
    "unpaid": Outcome.FAILED,
    "canceled": Outcome.EXPIRED,
    "incomplete_expired": Outcome.EXPIRED,
}


def start_subscription(request: SubscriptionRequest) -> SubscriptionFacts:
    """Begin or repeat a subscription: PENDING with a page to pay on. Raises ProviderError when it is refused."""
    metadata = {SUBSCRIPTION: request.reference, facts.ACCOUNT: str(request.payer.account_id)}
    try:
        customer = customers.customer_of(request.payer)
        session = client.client().v1.checkout.sessions.create(
            {
                "mode": "subscription",
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": request.currency.lower(),
                            "unit_amount": minor(request.amount, request.currency),
                            "recurring": {"interval": "month"},
                            "product_data": {"name": request.name},
                        },
                    }
                ],
                "subscription_data": {"metadata": metadata},
                "customer": customer,
                "client_reference_id": request.reference,
                "success_url": request.success_url,
                "cancel_url": request.cancel_url,
                "expires_at": int(request.expires_at.timestamp()),
            },
            {"idempotency_key": f"subscription-{request.reference}"},
        )
    except stripe.StripeError as error:
        if client.is_without_answer(error):
            return SubscriptionFacts(Outcome.UNKNOWN, subscription_reference=request.reference)
        raise ProviderError(client.words(error)) from error
    return of_session(session.to_dict())


def of_session(session: Mapping[str, Any]) -> SubscriptionFacts:
    """The page of a subscription, before there is one."""
    return SubscriptionFacts(
        Outcome.PENDING if session["status"] == "open" else Outcome.EXPIRED,
        checkout_reference=str(session["id"]),
        subscription_reference=str(session.get("client_reference_id") or ""),
        account_id=customers.account_of(session.get("customer")),
        redirect_url=str(session.get("url") or ""),
    )


def look_up_subscription(
    request: SubscriptionRequest, provider_reference: str, checkout_reference: str
) -> SubscriptionFacts:
    """How a subscription stands, found by itself, by its page, or among the account's pages by our reference."""
    try:
        with client.asking():
            if provider_reference:
                return subscription_facts(provider_reference)
            if page := checkout_reference or _search(request):
                return session_facts(page)
    except client.MissingError:
        pass
    return SubscriptionFacts(Outcome.MISSING, subscription_reference=request.reference)


def _search(request: SubscriptionRequest) -> str:
    since = int((request.expires_at - BEFORE_ASKED).timestamp()) - 24 * 3600
    for customer in customers.all_customers(request.payer.account_id):
        listed = client.client().v1.checkout.sessions.list(
            {"customer": customer, "created": {"gte": since}, "limit": 100}
        )
        for each in listed.auto_paging_iter():
            if each.client_reference_id == request.reference:
                return str(each.id)
    return ""


def session_facts(reference: str) -> SubscriptionFacts:
    """What came of a subscription's page. Raises stripe.StripeError."""
    session = client.client().v1.checkout.sessions.retrieve(reference).to_dict()
    if session["status"] == "complete" and session.get("subscription"):
        found = subscription_facts(facts.identifier(session["subscription"]))
        return replace(found, checkout_reference=reference)
    return of_session(session)


def subscription_facts(reference: str) -> SubscriptionFacts:
    """A subscription and its paid invoices as they stand. Raises stripe.StripeError."""
    found = client.client().v1.subscriptions.retrieve(reference)
    keep(Subscription, found)
    return _facts(found)


def _facts(found: stripe.Subscription) -> SubscriptionFacts:
    subscription = found.to_dict()
    periods = [(item["current_period_start"], item["current_period_end"]) for item in subscription["items"]["data"]]
    reference = str((subscription.get("metadata") or {}).get(SUBSCRIPTION, ""))
    return SubscriptionFacts(
        outcome=STATES.get(subscription["status"], Outcome.PENDING),
        provider_reference=str(subscription["id"]),
        subscription_reference=reference,
        account_id=customers.account_of(subscription.get("customer")),
        period_start=moment(min(start for start, _ in periods)) if periods else None,
        period_end=moment(max(end for _, end in periods)) if periods else None,
        ends_at_period_end=bool(subscription.get("cancel_at_period_end")),
        payments=_payments(str(subscription["id"]), reference),
    )


def _payments(subscription: str, reference: str) -> tuple[PaymentFacts, ...]:
    listed = client.client().v1.invoices.list(
        {"subscription": subscription, "status": "paid", "limit": INVOICES_MAX, "expand": ["data.payments"]}
    )
    return tuple(
        paid_invoice(invoice.to_dict(), intent, reference)
        for invoice in reversed(listed.data)
        for intent in intents_of(invoice.to_dict())
    )


def intents_of(invoice: Mapping[str, Any]) -> list[str]:
    """The payment intents that paid an invoice, read with `payments` expanded."""
    paid = [each for each in (invoice.get("payments") or {}).get("data", ()) if each["status"] == "paid"]
    return [found for each in paid if (found := facts.identifier(each["payment"].get("payment_intent")))]


def paid_invoice(invoice: Mapping[str, Any], intent: str, reference: str) -> PaymentFacts:
    """An invoice's payment, with the invoice and the period that it pays in the details. Raises stripe.StripeError."""
    period = invoice["lines"]["data"][-1]["period"]
    details = {"invoice": invoice["id"], "period_start": period["start"], "period_end": period["end"]}
    return replace(intent_facts(intent), subscription_reference=reference, details=details)


def subscription_of(invoice: Mapping[str, Any]) -> tuple[str, str]:
    """The subscription that an invoice is of and our reference of it; empty when it is of none."""
    of = ((invoice.get("parent") or {}).get("subscription_details")) or {}
    return facts.identifier(of.get("subscription")), str((of.get("metadata") or {}).get(SUBSCRIPTION, ""))


def end_subscription(reference: str, *, at_period_end: bool) -> SubscriptionFacts:
    """Let it end with its period, or now. Raises ProviderError."""
    asked = client.client().v1.subscriptions
    try:
        with client.asking():
            if at_period_end:
                return _facts(asked.update(reference, {"cancel_at_period_end": True}))
            return _facts(asked.cancel(reference))
    except client.MissingError:
        return SubscriptionFacts(Outcome.EXPIRED, reference)


def resume_subscription(reference: str) -> SubscriptionFacts:
    """Let one that was to end with its period go on. Raises ProviderError."""
    with client.asking():
        return _facts(client.client().v1.subscriptions.update(reference, {"cancel_at_period_end": False}))
