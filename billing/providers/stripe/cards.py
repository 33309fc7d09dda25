"""Saved cards: added on Stripe's page, listed, made default, removed."""

from __future__ import annotations

from typing import Any

from djstripe.models import PaymentMethod

from billing.providers.base import CardFacts, ChargeRequest, Payer, ProviderError
from billing.providers.stripe import client, customers, facts
from billing.providers.stripe.charges import page
from billing.providers.stripe.copies import keep


def save_card(request: ChargeRequest) -> str:
    """The address of a page on which the payer saves a card without paying."""
    with client.asking():
        customer = customers.customer_of(request.payer)
        wanted: Any = page(request, customer) | {
            "mode": "setup",
            "payment_method_types": ["card"],
            "setup_intent_data": {"metadata": {facts.ACCOUNT: str(request.payer.account_id)}},
        }
        key = f"card-{request.reference}"
        session = client.client().v1.checkout.sessions.create(wanted, {"idempotency_key": key})
    return str(session.url)


def cards(payer: Payer) -> list[CardFacts]:
    """The account's saved cards at Stripe, the newest first."""
    customer = customers.known_customer(payer.account_id)
    if customer is None:
        return []
    with client.asking():
        listed = client.client().v1.customers.payment_methods.list(customer, {"type": "card", "limit": 100})
        methods = list(listed.auto_paging_iter())
    for method in methods:
        keep(PaymentMethod, method)
    return [facts.of_card(method.to_dict()) for method in methods]


def card_facts(reference: str) -> CardFacts:
    """A payment method as it stands. Raises stripe.StripeError."""
    method = client.client().v1.payment_methods.retrieve(reference)
    keep(PaymentMethod, method)
    return facts.of_card(method.to_dict())


def make_default(payer: Payer, reference: str) -> None:
    """Have Stripe, too, take this card for what the account does not choose a card for. Raises ProviderError.

    A subscription keeps the card that it was begun with, whatever the customer's default: it is told as well.
    """
    customer = customers.known_customer(payer.account_id)
    if customer is None:
        raise ProviderError("The account has no cards at Stripe.")
    with client.asking():
        api = client.client().v1
        api.customers.update(customer, {"invoice_settings": {"default_payment_method": reference}})
        for each in api.subscriptions.list({"customer": customer}).auto_paging_iter():
            api.subscriptions.update(each.id, {"default_payment_method": reference})


def remove_card(reference: str) -> None:
    """Take a card from its customer for good; one that is gone already is gone. Raises ProviderError."""
    asked = client.client().v1.payment_methods
    try:
        with client.asking():
            if asked.retrieve(reference).customer is not None:
                asked.detach(reference)
    except client.MissingError:
        return
