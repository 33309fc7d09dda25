"""Payments: begun on Stripe's page or by a saved card, looked up, given up.

The top-up's reference is the idempotency key: a repeated charge gets the first one's answer. An answer that did not
come is UNKNOWN and never a failure. Once the key may be forgotten, the charge is only looked up.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import stripe
from django.utils import timezone

from billing.providers.base import (
    ChargeRequest,
    FailureReason,
    Outcome,
    PaymentFacts,
    ProviderError,
    ProviderUnavailableError,
)
from billing.providers.stripe import client, customers, facts
from billing.providers.stripe.money import minor

LOCALES = frozenset(["en", "ru", "de", "fr", "es", "it", "nl", "pl", "pt"])
LOST_AFTER = timedelta(minutes=5)
BEFORE_ASKED = timedelta(minutes=10)
"""Stripe's clock and ours may differ."""
logger = logging.getLogger(__name__)


def charge(request: ChargeRequest) -> PaymentFacts:
    """Begin or repeat a payment; see `Provider.charge`."""
    if not client.key_is_kept(request.asked_at):
        return look_up(request)
    try:
        customer = customers.customer_of(request.payer)
        return _by_card(request, customer) if request.card_reference else _by_page(request, customer)
    except stripe.StripeError as error:
        return _failed(request, error)


def _by_page(request: ChargeRequest, customer: str) -> PaymentFacts:
    intent: dict[str, Any] = {"description": request.description, "metadata": _metadata(request, facts.PAGE)}
    if request.saves_card:
        intent["setup_future_usage"] = "off_session"
    price = {
        "currency": request.currency.lower(),
        "unit_amount": minor(request.amount, request.currency),
        "product_data": {"name": request.description},
    }
    wanted: Any = page(request, customer) | {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": price}],
        "payment_intent_data": intent,
        "saved_payment_method_options": {"allow_redisplay_filters": ["always", "limited"]},
    }
    session = client.client().v1.checkout.sessions.create(wanted, {"idempotency_key": request.reference})
    return facts.of_session(session.to_dict(), None)


def page(request: ChargeRequest, customer: str) -> dict[str, Any]:
    """What every page of ours has in common: whose it is, where it leads, until when it is open."""
    common: dict[str, Any] = {
        "customer": customer,
        "client_reference_id": request.reference,
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "locale": request.language if request.language in LOCALES else "auto",
    }
    if request.expires_at is not None:
        common["expires_at"] = int(request.expires_at.timestamp())
    return common


def _by_card(request: ChargeRequest, customer: str) -> PaymentFacts:
    intent = client.client().v1.payment_intents.create(
        {
            "amount": minor(request.amount, request.currency),
            "currency": request.currency.lower(),
            "customer": customer,
            "payment_method": request.card_reference,
            "payment_method_types": ["card"],
            "confirm": True,
            "off_session": True,
            "description": request.description,
            "metadata": _metadata(request, facts.CARD),
            "expand": facts.OF_INTENT,
        },
        {"idempotency_key": request.reference},
    )
    return facts.of_intent(intent.to_dict())


def _metadata(request: ChargeRequest, via: str) -> dict[str, str]:
    return {facts.TOP_UP: request.reference, facts.ACCOUNT: str(request.payer.account_id), facts.VIA: via}


def _failed(request: ChargeRequest, error: stripe.StripeError) -> PaymentFacts:
    told: dict[str, Any] = (error.json_body or {}).get("error", {}) if isinstance(error.json_body, dict) else {}
    if client.is_without_answer(error):
        logger.warning("Stripe gave no answer to top-up %s: %s", request.reference, client.words(error))
        return _lost(request, error)
    if client.is_missing(error) and told.get("param") == "customer":
        for known in filter(None, [customers.known_customer(request.payer.account_id)]):
            customers.forget(known)
    intent = facts.identifier(told.get("payment_intent"))
    reason, code, message = facts.of_error(told)
    if reason == FailureReason.INTERNAL_ERROR:
        logger.error("Stripe refused top-up %s: %s", request.reference, client.words(error))
    return PaymentFacts(
        outcome=Outcome.FAILED,
        provider_reference=intent or request.provider_reference,
        payment_reference=intent,
        top_up_reference=request.reference,
        account_id=request.payer.account_id,
        is_live=client.is_live(),
        failure=reason,
        failure_code=code,
        failure_message=message,
        details={"error": client.words(error)},
    )


def _lost(request: ChargeRequest, error: stripe.StripeError) -> PaymentFacts:
    """UNKNOWN; but a replayed failure of Stripe's own server, after which nothing is found for minutes, is a failure:
    its key would bring the same answer for a day."""
    unknown = PaymentFacts(Outcome.UNKNOWN, request.provider_reference, top_up_reference=request.reference)
    replayed = {name.lower() for name in (error.headers or {})} >= {"idempotent-replayed"}
    if not replayed or (error.http_status or 0) < 500 or timezone.now() - request.asked_at < LOST_AFTER:
        return unknown
    try:
        found = look_up(request)
    except ProviderUnavailableError:
        return unknown
    if found.outcome != Outcome.MISSING:
        return found
    return PaymentFacts(
        Outcome.FAILED,
        top_up_reference=request.reference,
        account_id=request.payer.account_id,
        is_live=client.is_live(),
        failure=FailureReason.INTERNAL_ERROR,
        details={"error": client.words(error)},
    )


def look_up(request: ChargeRequest) -> PaymentFacts:
    """What became of it; see `Provider.look_up`."""
    try:
        with client.asking():
            reference = request.provider_reference or _search(request)
            if reference.startswith("cs_"):
                return session_facts(reference)
            if reference:
                return intent_facts(reference)
    except client.MissingError:
        pass
    return PaymentFacts(Outcome.MISSING, request.provider_reference, top_up_reference=request.reference)


def session_facts(reference: str) -> PaymentFacts:
    """A Checkout session of a payment as it stands. Raises stripe.StripeError."""
    session = client.client().v1.checkout.sessions.retrieve(reference).to_dict()
    intent = facts.identifier(session.get("payment_intent"))
    return facts.of_session(session, read_intent(intent).to_dict() if intent else None)


def intent_facts(reference: str) -> PaymentFacts:
    """A payment intent as it stands. Raises stripe.StripeError."""
    return facts.of_intent(read_intent(reference).to_dict())


def read_intent(reference: str) -> stripe.PaymentIntent:
    """A payment intent with its charge, card and customer. Raises stripe.StripeError."""
    return client.client().v1.payment_intents.retrieve(reference, {"expand": facts.OF_INTENT})


def _search(request: ChargeRequest) -> str:
    """The session or intent that carries our reference; empty when no customer of the account has one."""
    since = request.asked_at - BEFORE_ASKED
    for customer in customers.all_customers(request.payer.account_id):
        found = _intents(customer, since) if request.card_reference else _sessions(customer, since)
        for reference, carried in found:
            if carried == request.reference:
                return reference
    return ""


def _intents(customer: str, since: datetime) -> Iterator[tuple[str, str]]:
    listed = client.client().v1.payment_intents.list(
        {"customer": customer, "created": {"gte": int(since.timestamp())}, "limit": 100}
    )
    for each in listed.auto_paging_iter():
        yield each.id, str(each.to_dict()["metadata"].get(facts.TOP_UP, ""))


def _sessions(customer: str, since: datetime) -> Iterator[tuple[str, str]]:
    listed = client.client().v1.checkout.sessions.list(
        {"customer": customer, "created": {"gte": int(since.timestamp())}, "limit": 100}
    )
    for each in listed.auto_paging_iter():
        yield each.id, each.client_reference_id or ""


def give_up(request: ChargeRequest) -> PaymentFacts:
    """Close the page, or cancel the intent that waits for its payer, and say how it stands now."""
    found = look_up(request)
    if found.outcome not in (Outcome.PENDING, Outcome.REQUIRES_ACTION):
        return found
    asked = client.client().v1
    try:
        with client.asking():
            if found.provider_reference.startswith("cs_"):
                asked.checkout.sessions.expire(found.provider_reference)
            else:
                asked.payment_intents.cancel(found.provider_reference, {"cancellation_reason": "abandoned"})
    except ProviderUnavailableError:
        return PaymentFacts(Outcome.UNKNOWN, found.provider_reference, top_up_reference=request.reference)
    except ProviderError as error:
        logger.info("Top-up %s could not be given up: %s", request.reference, error)  # paid meanwhile
    return look_up(request)
