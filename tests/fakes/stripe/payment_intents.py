"""Payment intents: made, confirmed with a card, cancelled; money is taken once, in the state that Stripe allows."""

from __future__ import annotations

from typing import Any

from tests.fakes.stripe import balance, customers, payment_methods, payments
from tests.fakes.stripe.errors import StripeError, invalid
from tests.fakes.stripe.listing import list_shape, listed
from tests.fakes.stripe.parameters import (
    Shape,
    amount,
    boolean,
    clearable,
    currency,
    list_of,
    merged,
    metadata,
    one_of,
    text,
    url,
)
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object, new_id, public
from tests.fakes.stripe.world import Call

USAGE = one_of("off_session", "on_session")
DESCRIBED = Shape(
    customer=text,
    description=clearable,
    metadata=metadata,
    payment_method=text,
    receipt_email=clearable,
    setup_future_usage=USAGE,
    statement_descriptor=text,
)
CONFIRMING = Shape(error_on_requires_action=boolean, off_session=boolean, return_url=url)
CREATE = (
    Shape(
        ("amount", "currency"),
        amount=amount,
        automatic_payment_methods=Shape(("enabled",), enabled=boolean, allow_redirects=one_of("always", "never")),
        confirm=boolean,
        currency=currency,
        payment_method_types=list_of(one_of("card")),
    )
    | DESCRIBED
    | CONFIRMING
)
CONFIRM = Shape(payment_method=text, receipt_email=clearable, setup_future_usage=USAGE) | CONFIRMING
CANCEL = Shape(
    cancellation_reason=one_of("duplicate", "fraudulent", "requested_by_customer", "abandoned"),
)
EMPTY_NAMES = """
    application application_fee_amount automatic_payment_methods canceled_at cancellation_reason customer
    customer_account description excluded_payment_method_types last_payment_error latest_charge managed_payments
    next_action on_behalf_of payment_method payment_method_configuration_details processing receipt_email review
    setup_future_usage shipping source statement_descriptor statement_descriptor_suffix transfer_data
    transfer_group
"""
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def made(call: Call, **values: Any) -> Object:
    """A new intent of an amount that may be charged, told by `payment_intent.created`."""
    balance.check_amount(values["amount"], values["currency"])
    nothing = dict.fromkeys(EMPTY_NAMES.split())
    defaults = {
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic_async",
        "confirmation_method": "automatic",
        "metadata": {},
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }
    intent = call.new("payment_intent", "pi", **(nothing | defaults | values))
    call.change(intent, client_secret=f"{intent['id']}_secret_{new_id('', 25)[1:]}")
    call.emit("payment_intent.created", intent)
    return intent


def create(call: Call) -> Object:
    """An intent; with `confirm`, its money is taken at once."""
    given = {key: value for key, value in call.params.items() if key in CREATE.fields}
    confirm = given.pop("confirm", False)
    confirming = {name: given.pop(name) for name in CONFIRMING.fields if name in given}
    if confirming and not confirm:
        name = next(iter(confirming))
        raise invalid(
            f"The parameter {name} cannot be passed when creating a PaymentIntent unless confirm is set to true.",
            param=name,
        )
    given["metadata"] = merged({}, given.get("metadata", {}))
    if given.get("customer"):
        customers.live_one(call, given["customer"])
    if given.get("payment_method"):
        method = payment_methods.usable(call, given["payment_method"], given.get("customer"))
        given |= {"payment_method": method["id"], "status": "requires_confirmation"}
    intent = made(call, **given)
    return _confirmed(call, intent, **confirming) if confirm else intent


def _confirmed(
    call: Call,
    intent: Object,
    *,
    off_session: bool = False,
    error_on_requires_action: bool = False,
    return_url: str | None = None,
) -> Object:
    if not intent["payment_method"]:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a "
            "payment method or ConfirmationToken."
        )
        raise unexpected_state(intent, message)
    method = payment_methods.usable(call, intent["payment_method"], intent["customer"])
    payments.attempt(call, intent, method, off_session=off_session or error_on_requires_action, return_url=return_url)
    payments.raise_if_declined(intent)
    return intent


def unexpected_state(intent: Object, message: str) -> StripeError:
    """400: not in this state of the intent."""
    return invalid(message, code="payment_intent_unexpected_state", payment_intent=public(intent))


def _refuse_checkout(intent: Object, verb: str) -> None:
    if intent.get("_session"):
        session = intent["_session"]
        message = f"You cannot {verb} this PaymentIntent because it was created by the Checkout Session {session}."
        raise unexpected_state(intent, f"{message} Expire the session instead.")


def confirm(call: Call, id: str) -> Object:
    """Take the money, with a card given now or before."""
    intent = call.get("payment_intent", id)
    _refuse_checkout(intent, "confirm")
    if intent["status"] not in CONFIRMABLE:
        message = (
            f"You cannot confirm this PaymentIntent because it has already {intent['status']} after being previously "
            "confirmed."
            if intent["status"] == "succeeded"
            else f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}."
        )
        raise unexpected_state(intent, message)
    given = {key: value for key, value in call.params.items() if key in CONFIRM.fields}
    confirming = {name: given.pop(name) for name in CONFIRMING.fields if name in given}
    if given.get("payment_method"):
        given["payment_method"] = payment_methods.usable(call, given["payment_method"], intent["customer"])["id"]
    call.change(intent, **given)
    return _confirmed(call, intent, **confirming)


def cancel(call: Call, id: str) -> Object:
    """Give up an intent that took no money."""
    intent = call.get("payment_intent", id)
    _refuse_checkout(intent, "cancel")
    if intent["status"] not in CONFIRMABLE:
        message = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
        raise unexpected_state(intent, message)
    return cancelled(call, intent, call.params.get("cancellation_reason"))


def cancelled(call: Call, intent: Object, reason: str | None) -> Object:
    """The same, by whoever may."""
    changes = {"canceled_at": call.now, "cancellation_reason": reason, "next_action": None}
    return call.change(intent, "payment_intent.canceled", status="canceled", **changes)


def update(call: Call, id: str) -> Object:
    """Change an intent that took no money, or the words and metadata of any."""
    intent = call.get("payment_intent", id)
    given = {key: value for key, value in call.params.items() if key in UPDATE.fields}
    if intent["status"] not in CONFIRMABLE and set(given) - {"description", "metadata", "receipt_email"}:
        message = f"This PaymentIntent's amount could not be updated because it has a status of {intent['status']}."
        raise unexpected_state(intent, message)
    if "metadata" in given:
        given["metadata"] = merged(intent["metadata"], given["metadata"])
    if given.get("customer"):
        customers.live_one(call, given["customer"])
    if given.get("payment_method"):
        owner = given.get("customer", intent["customer"])
        given["payment_method"] = payment_methods.usable(call, given["payment_method"], owner)["id"]
        given["status"] = "requires_confirmation"
    after = intent | given
    balance.check_amount(after["amount"], after["currency"])
    return call.change(intent, **given)


def retrieve(call: Call, id: str) -> Object:
    """One intent."""
    return call.get("payment_intent", id)


def list_all(call: Call) -> Object:
    """Intents, by customer."""
    return listed(call, "payment_intent", "/v1/payment_intents", customer=call.params.get("customer"))


UPDATE = Shape(amount=amount, currency=currency, payment_method_types=list_of(one_of("card"))) | DESCRIBED
ROUTES = [
    Route("POST", "/v1/payment_intents", create, CREATE),
    Route("GET", "/v1/payment_intents", list_all, list_shape("customer")),
    Route("GET", "/v1/payment_intents/{id}", retrieve, Shape(client_secret=text)),
    Route("POST", "/v1/payment_intents/{id}", update, UPDATE),
    Route("POST", "/v1/payment_intents/{id}/confirm", confirm, CONFIRM),
    Route("POST", "/v1/payment_intents/{id}/cancel", cancel, CANCEL),
]
