"""Payment methods: cards only, attached to one customer or to none; the tokens `pm_card_…` make a new one each time."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.fakes.stripe import cards, customers
from tests.fakes.stripe.errors import card_error, invalid, no_such
from tests.fakes.stripe.listing import list_shape, listed
from tests.fakes.stripe.parameters import Shape, clearable, integer, merged, metadata, one_of, text
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object, public
from tests.fakes.stripe.world import Call

REDISPLAY = one_of("always", "limited", "unspecified")
BILLING = Shape(address=customers.ADDRESS, email=clearable, name=clearable, phone=clearable)
UPDATE = Shape(
    allow_redisplay=REDISPLAY,
    billing_details=BILLING,
    card=Shape(exp_month=integer, exp_year=integer),
    metadata=metadata,
)
NO_BILLING = {"address": customers.EMPTY_ADDRESS, "email": None, "name": None, "phone": None, "tax_id": None}


def from_card(
    call: Call, card: cards.Card, *, exp_month: int, exp_year: int, name: str | None = None, **more: Any
) -> Object:
    """A new payment method of this card, attached to nobody."""
    return call.new(
        "payment_method",
        "pm",
        allow_redisplay=more.get("allow_redisplay", "unspecified"),
        billing_details=NO_BILLING | {"name": name},
        card={
            "brand": card.brand,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "US",
            "display_brand": card.brand,
            "exp_month": exp_month,
            "exp_year": exp_year,
            "fingerprint": hashlib.sha256(card.number.encode()).hexdigest()[:16],
            "funding": "debit" if card.number == "4000056655665556" else "credit",
            "generated_from": None,
            "last4": card.number[-4:],
            "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        customer=None,
        customer_account=None,
        metadata={},
        type="card",
        _behaviour=card.behaviour,
        _spent=False,
    )


def named(call: Call, id: str, *, param: str = "payment_method") -> Object:
    """The payment method of this identifier or token; a live key knows no tokens."""
    number = cards.TOKENS.get(id)
    if number is None or call.livemode:
        return call.get("payment_method", id, param=param)
    return from_card(call, cards.CARDS[number], exp_month=12, exp_year=2034)


def usable(call: Call, id: str, customer: str | None) -> Object:
    """A payment method that this payer may use: an attached one needs its own customer."""
    method = named(call, id)
    if method["customer"] and method["customer"] != customer:
        if customer:
            raise customers.not_theirs(method["id"])
        raise invalid(
            "The payment method you provided is attached to a customer so for security purposes you must provide "
            "the customer in the request.",
            param="payment_method",
        )
    check_unspent(method)
    return method


def check_unspent(method: Object) -> None:
    """Refuse a card that was charged without being saved, or that was detached: it works no second time."""
    if method["_spent"] and not method["customer"]:
        raise invalid(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared "
            "with a connected account without Customer attachment, or was detached from a Customer. It may not be used "
            "again. To use a PaymentMethod multiple times, you must attach it to a Customer first.",
            param="payment_method",
        )


def join(call: Call, method: Object, customer: str, *, redisplay: str | None = None) -> Object:
    """Attach without a check, as a successful set-up does; does nothing when it is attached already."""
    if method["customer"] == customer:
        return method
    changes: Object = {"customer": customer}
    if redisplay:
        changes["allow_redisplay"] = redisplay
    return call.change(method, "payment_method.attached", **changes)


def create_card(call: Call) -> Object:
    """`POST /v1/payment_methods` with a raw card is for Stripe's own pages: refused."""
    raise invalid("Sending credit card numbers directly to the Stripe API is generally unsafe.", param="card[number]")


def attach(call: Call, id: str) -> Object:
    """Save a card for a customer. A card that the bank declines is not saved."""
    method = named(call, id, param="id")
    customer = customers.live_one(call, call.params["customer"])["id"]
    if method["customer"] not in (None, customer):
        raise invalid(
            "The payment method you provided has already been attached to a customer.", code="resource_already_exists"
        )
    check_unspent(method)
    declined = method["_behaviour"]["attach"]
    if declined:
        raise card_error(
            declined,
            code=cards.error_code(declined),
            message=cards.message(declined),
            payment_method=public(method),
        )
    return join(call, method, customer)


def detach(call: Call, id: str) -> Object:
    """Take a card from its customer, who cannot use it again."""
    method = call.get("payment_method", id)
    customer = method["customer"]
    if not customer:
        raise invalid(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            param="payment_method",
        )
    owner = call.get("customer", customer)
    call.change(method, customer=None, _spent=True)
    call.emit("payment_method.detached", method, previous={"customer": customer})
    if owner["invoice_settings"]["default_payment_method"] == id:
        settings = owner["invoice_settings"] | {"default_payment_method": None}
        call.change(owner, "customer.updated", invoice_settings=settings)
    return method


def update(call: Call, id: str) -> Object:
    """Change an attached card's billing details, expiry or metadata."""
    method = call.get("payment_method", id)
    if not method["customer"]:
        message = "You must save this PaymentMethod to a customer before you can update it."
        raise invalid(message, param="payment_method")
    given = {key: value for key, value in call.params.items() if key != "expand"}
    if "metadata" in given:
        given["metadata"] = merged(method["metadata"], given["metadata"])
    for name in ("billing_details", "card"):
        if name in given:
            given[name] = method[name] | given[name]
    return call.change(method, "payment_method.updated", **given)


def list_all(call: Call) -> Object:
    """The cards of a customer."""
    customer = customers.live_one(call, call.params["customer"])["id"]
    return listed(call, "payment_method", "/v1/payment_methods", customer=customer)


def list_of_customer(call: Call, customer: str) -> Object:
    """The cards of the customer in the path."""
    customers.live_one(call, customer, param="id")
    redisplay = call.params.get("allow_redisplay")
    url = f"/v1/customers/{customer}/payment_methods"
    return listed(call, "payment_method", url, customer=customer, allow_redisplay=redisplay)


def retrieve(call: Call, id: str) -> Object:
    """The payment method."""
    return call.get("payment_method", id)


def retrieve_of_customer(call: Call, customer: str, id: str) -> Object:
    """The payment method, if it is this customer's."""
    customers.live_one(call, customer, param="id")
    method = call.get("payment_method", id)
    if method["customer"] != customer:
        raise no_such("payment_method", id)
    return method


ROUTES = [
    Route("POST", "/v1/payment_methods", create_card, Shape(("type",), type=one_of("card"), card=metadata)),
    Route(
        "GET",
        "/v1/payment_methods",
        list_all,
        list_shape(required=("customer",), by_creation=False, customer=text, type=one_of("card")),
    ),
    Route("GET", "/v1/payment_methods/{id}", retrieve),
    Route("POST", "/v1/payment_methods/{id}", update, UPDATE),
    Route("POST", "/v1/payment_methods/{id}/attach", attach, Shape(("customer",), customer=text)),
    Route("POST", "/v1/payment_methods/{id}/detach", detach),
    Route(
        "GET",
        "/v1/customers/{customer}/payment_methods",
        list_of_customer,
        list_shape(by_creation=False, type=one_of("card"), allow_redisplay=REDISPLAY),
    ),
    Route("GET", "/v1/customers/{customer}/payment_methods/{id}", retrieve_of_customer),
]
