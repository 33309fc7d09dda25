"""From a notice to facts: the object is read at Stripe again, and dj-stripe's copy is brought up to date with it.

A payment intent that pays an invoice is answered with the invoice, or with the subscription that it is of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import stripe
from djstripe.models import Customer, Invoice, Session, WebhookEndpoint

from billing.providers.base import BadNoticeError, CardFacts, Facts, Notice, PaymentFacts
from billing.providers.stripe import charges, client, customers, facts, invoices, subscriptions
from billing.providers.stripe.cards import card_facts
from billing.providers.stripe.copies import keep, keep_intent
from billing.providers.stripe.disputes import dispute_facts
from billing.providers.stripe.refunds import newest_refund_of, refund_facts


def facts_of(notice: Notice) -> Facts | None:
    """The facts; None for what Stripe does not know, not in this mode, and for what we do not act on.

    Raises ProviderUnavailableError when Stripe does not answer.
    """
    read = READERS.get(notice.object_kind)
    if read is None:
        return None
    if notice.kind == "customer.deleted":
        customers.forget(notice.object_id)
        return None
    try:
        with client.asking():
            return read(notice.object_id)
    except client.MissingError:
        return None


def _session(reference: str) -> Facts | None:
    session = client.client().v1.checkout.sessions.retrieve(reference)
    keep(Session, session)
    if session.mode == "subscription":
        return subscriptions.session_facts(reference)
    if session.mode == "payment":
        if intent := facts.identifier(session.to_dict().get("payment_intent")):
            keep_intent(charges.read_intent(intent))
        return charges.session_facts(reference)
    intent = facts.identifier(session.to_dict().get("setup_intent"))
    return _setup_intent(intent) if session.status == "complete" and intent else None


def _setup_intent(reference: str) -> CardFacts | None:
    method = client.client().v1.setup_intents.retrieve(reference).to_dict().get("payment_method")
    return card_facts(facts.identifier(method)) if method else None


def _payment_intent(reference: str) -> PaymentFacts | Facts | None:
    intent = charges.read_intent(reference)
    keep_intent(intent)
    found = facts.of_intent(intent.to_dict())
    if found.top_up_reference:
        return found
    invoice = invoice_of(reference)
    if invoice and invoices.period_of(invoice):
        return invoices.of_invoice(invoice)
    subscription, _ = subscriptions.subscription_of(invoice) if invoice else ("", "")
    return subscriptions.subscription_facts(subscription) if subscription else found


def invoice_of(intent: str) -> Mapping[str, Any] | None:
    """The invoice that an intent pays, with its payments; None when it pays none. Raises stripe.StripeError."""
    asked = client.client().v1
    listed = asked.invoice_payments.list({"payment": {"type": "payment_intent", "payment_intent": intent}, "limit": 1})
    for payment in listed.data:
        named = facts.identifier(payment.to_dict()["invoice"])
        return asked.invoices.retrieve(named, {"expand": ["payments"]}).to_dict()
    return None


def _invoice(reference: str) -> Facts | None:
    invoice = client.client().v1.invoices.retrieve(reference, {"expand": ["payments"]})
    if invoices.period_of(invoice.to_dict()):
        keep(Invoice, invoice)
        return invoices.of_invoice(invoice.to_dict())
    subscription, _ = subscriptions.subscription_of(invoice.to_dict())
    if not subscription:
        return None
    found = subscriptions.subscription_facts(subscription)
    keep(Invoice, invoice)
    return found


def _customer(reference: str) -> None:
    customer = client.client().v1.customers.retrieve(reference)
    if getattr(customer, "deleted", False):
        customers.forget(reference)
    elif Customer.objects.filter(id=reference).exists():
        keep(Customer, customer)


READERS: dict[str, Callable[[str], Facts | None]] = {
    "checkout.session": _session,
    "payment_intent": _payment_intent,
    "charge": newest_refund_of,
    "refund": refund_facts,
    "dispute": dispute_facts,
    "payment_method": card_facts,
    "setup_intent": _setup_intent,
    "customer": _customer,
    "subscription": subscriptions.subscription_facts,
    "invoice": _invoice,
}


def parse_webhook(body: bytes, headers: Mapping[str, str]) -> Notice:
    """Which object a webhook is about, believed by the signature of any endpoint of ours. Raises BadNoticeError."""
    signature = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
    for secret in WebhookEndpoint.objects.exclude(secret="").values_list("secret", flat=True):
        try:
            told = stripe.Webhook.construct_event(body, signature, secret).to_dict()
        except (stripe.SignatureVerificationError, ValueError):
            continue
        about = told["data"]["object"]
        return Notice("stripe", told["id"], told["type"], str(about.get("object", "")), str(about.get("id", "")))
    raise BadNoticeError("No endpoint's secret made this signature.")
