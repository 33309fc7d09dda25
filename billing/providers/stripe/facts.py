"""What Stripe's payment intents, Checkout sessions and payment methods say, as facts.

Stripe's objects come as plain dicts. Amounts and states are read from them and from nowhere else: dj-stripe's own
columns convert some of them, each in its own way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from billing.providers.base import CardFacts, FailureReason, Outcome, PaymentFacts
from billing.providers.stripe.client import moment
from billing.providers.stripe.customers import account_of
from billing.providers.stripe.money import major

Object = Mapping[str, Any]

OF_INTENT = ["customer", "latest_charge.balance_transaction", "payment_method"]
"""What is expanded when an intent is read; a session's intent is read by itself."""

TOP_UP, ACCOUNT, VIA = "top_up", "account", "via"
"""Keys of an intent's metadata. `via` tells a page, on which the payer may try another card, from a saved card."""
PAGE, CARD = "page", "card"

STATES = {
    "succeeded": Outcome.SUCCEEDED,
    "processing": Outcome.PENDING,
    "requires_action": Outcome.REQUIRES_ACTION,
    "canceled": Outcome.EXPIRED,
}
NEEDS_CONFIRMATION = {"authentication_required", "payment_intent_authentication_failure"}
MESSAGE_LENGTH_MAX = 500


def identifier(value: Any) -> str:
    """The identifier of an object that may have been expanded; empty for none."""
    return str(value["id"] if isinstance(value, Mapping) else value or "")


def of_card(method: Object) -> CardFacts:
    """A payment method. Without a customer it is removed, or was never saved."""
    card = method.get("card") or {}
    customer = method.get("customer")
    return CardFacts(
        reference=str(method["id"]),
        account_id=account_of(customer),
        brand=str(card.get("brand") or method.get("type") or ""),
        last4=str(card.get("last4") or ""),
        exp_month=int(card.get("exp_month") or 0),
        exp_year=int(card.get("exp_year") or 0),
        is_removed=customer is None,
    )


def of_intent(intent: Object) -> PaymentFacts:
    """A payment intent, read with `OF_INTENT` expanded."""
    metadata = intent.get("metadata") or {}
    via_page = metadata.get(VIA) == PAGE
    error = intent.get("last_payment_error")
    outcome = STATES.get(intent["status"], Outcome.PENDING)
    if outcome == Outcome.PENDING and error and intent["status"] != "processing" and not via_page:
        outcome = Outcome.FAILED
    failure, code, message = of_error(error or {}) if outcome == Outcome.FAILED else (None, "", "")
    charge = intent.get("latest_charge")
    paid = charge if isinstance(charge, Mapping) and outcome == Outcome.SUCCEEDED else {}
    method = intent.get("payment_method")
    units = intent["amount_received"] if outcome == Outcome.SUCCEEDED else intent["amount"]
    return PaymentFacts(
        outcome=outcome,
        provider_reference="" if via_page else str(intent["id"]),
        payment_reference=str(intent["id"]),
        charge_reference=identifier(charge) if outcome == Outcome.SUCCEEDED else "",
        top_up_reference=str(metadata.get(TOP_UP, "")),
        account_id=account_of(intent.get("customer")),
        amount=major(units, intent["currency"]),
        currency=intent["currency"].upper(),
        is_live=bool(intent["livemode"]),
        paid_at=moment(paid.get("created") or intent["created"]) if outcome == Outcome.SUCCEEDED else None,
        receipt_url=str(paid.get("receipt_url") or ""),
        card=of_card(method) if isinstance(method, Mapping) else None,
        failure=failure,
        failure_code=code,
        failure_message=message,
    )


def of_session(session: Object, intent: Object | None) -> PaymentFacts:
    """A Checkout session that takes a payment, with its intent once there is one.

    Complete does not mean paid: some payments take days, and the intent knows.
    """
    ours: dict[str, Any] = {
        "provider_reference": session["id"],
        "top_up_reference": session.get("client_reference_id") or "",
    }
    if intent is not None:
        paid = of_intent(intent)
        if paid.outcome == Outcome.SUCCEEDED or session["status"] == "complete":
            return _complete(paid, intent, ours)
    outcome = Outcome.PENDING if session["status"] == "open" else Outcome.EXPIRED
    if outcome == Outcome.PENDING and intent is not None and intent["status"] == "requires_action":
        outcome = Outcome.REQUIRES_ACTION
    return PaymentFacts(
        outcome=outcome,
        **ours,
        payment_reference=identifier(session.get("payment_intent")),
        account_id=account_of(session.get("customer")),
        amount=major(session["amount_total"], session["currency"]),
        currency=session["currency"].upper(),
        is_live=bool(session["livemode"]),
        expires_at=moment(session["expires_at"]),
        redirect_url=str(session.get("url") or ""),
    )


def _complete(paid: PaymentFacts, intent: Object, ours: dict[str, Any]) -> PaymentFacts:
    error = intent.get("last_payment_error")
    if paid.outcome == Outcome.PENDING and intent["status"] == "requires_payment_method" and error:
        failure, code, message = of_error(error)
        failed: dict[str, Any] = {"failure": failure, "failure_code": code, "failure_message": message}
        return replace(paid, **ours, outcome=Outcome.FAILED, **failed)
    return replace(paid, **ours)


def of_error(error: Object) -> tuple[FailureReason, str, str]:
    """Why a payment failed: the reason, Stripe's code, and what the bank said where a customer may read it."""
    code = str(error.get("code") or "")
    named = str(error.get("decline_code") or code)[:60]
    message = str(error.get("message") or "")[:MESSAGE_LENGTH_MAX]
    if {code, error.get("decline_code")} & NEEDS_CONFIRMATION:
        return FailureReason.NEEDS_CONFIRMATION, named, message
    if error.get("type") == "card_error":
        return FailureReason.CARD_DECLINED, named, message
    if error.get("param") == "payment_method" or code == "payment_method_unexpected_state":
        return FailureReason.NO_PAYMENT_METHOD, named, ""
    return FailureReason.INTERNAL_ERROR, named, ""
