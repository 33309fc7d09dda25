"""Checkout sessions over the API: made, looked at, expired. `checkout_payments` pays them, `pages` shows them.

A session is open until it is paid, expired on order, or past `expires_at`; expiry is noticed whenever sessions are
looked at.
"""

from __future__ import annotations

from typing import Any

from tests.fakes.stripe import catalogue, customers, payment_intents, setup_intents
from tests.fakes.stripe.balance import check_amount
from tests.fakes.stripe.errors import invalid, missing_parameter
from tests.fakes.stripe.expansion import included
from tests.fakes.stripe.listing import list_shape, listed, page
from tests.fakes.stripe.parameters import (
    Shape,
    clearable,
    currency,
    integer,
    list_of,
    merged,
    metadata,
    one_of,
    text,
    url,
)
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object, new_id
from tests.fakes.stripe.world import Call

EXPIRES_SECONDS_MIN = 30 * 60
EXPIRES_SECONDS_MAX = 24 * 3600
EXPIRES_LEEWAY_SECONDS = 60  # the time that a request may take
LOCALES = """
    auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru sk
    sl sv th tr vi zh zh-HK zh-TW
"""
MODES = ("payment", "setup", "subscription")
REDISPLAY = one_of("always", "limited", "unspecified")
CREATE = Shape(
    ("mode",),
    cancel_url=url,
    client_reference_id=text,
    currency=currency,
    customer=text,
    customer_creation=one_of("always", "if_required"),
    customer_email=text,
    expires_at=integer,
    line_items=list_of(Shape(metadata=metadata, price=text, price_data=catalogue.PRICE_DATA, quantity=integer)),
    locale=one_of(*LOCALES.split()),
    metadata=metadata,
    mode=one_of(*MODES),
    payment_intent_data=Shape(
        description=clearable,
        metadata=metadata,
        receipt_email=clearable,
        setup_future_usage=payment_intents.USAGE,
        statement_descriptor=text,
    ),
    payment_method_types=list_of(one_of("card")),
    saved_payment_method_options=Shape(
        allow_redisplay_filters=list_of(REDISPLAY), payment_method_save=one_of("enabled", "disabled")
    ),
    setup_intent_data=Shape(description=clearable, metadata=metadata),
    submit_type=one_of("auto", "book", "donate", "pay", "subscribe"),
    subscription_data=Shape(description=clearable, metadata=metadata),
    success_url=url,
    ui_mode=one_of("hosted_page"),
)
ONLY_IN = {"payment_intent_data": "payment", "setup_intent_data": "setup", "subscription_data": "subscription"}
EMPTY_NAMES = """
    after_expiration allow_promotion_codes billing_address_collection client_secret collected_information consent
    consent_collection currency_conversion customer_account customer_details discounts integration_identifier invoice
    managed_payments origin_context payment_intent payment_link payment_method_collection
    payment_method_configuration_details permissions recovered_from setup_intent shipping_address_collection
    shipping_cost subscription wallet_options
"""
KEPT = "cancel_url client_reference_id customer customer_creation customer_email locale submit_type success_url"
TEXT_BESIDE = {"after_submit": None, "shipping_address": None, "submit": None, "terms_of_service_acceptance": None}


def create(call: Call) -> Object:
    """A session with its page; Stripe's rules for each mode hold."""
    given = {key: value for key, value in call.params.items() if key != "expand"}
    mode = given["mode"]
    _check(call, given, mode)
    items = _line_items(call, given.get("line_items", []), mode)
    codes = {item["currency"] for item in items} or {given.get("currency")}
    if len(codes) > 1:
        raise invalid("All line items must have the same currency.", param="line_items")
    total = sum(item["amount_total"] for item in items) if items else None
    code = codes.pop()
    if total is not None and code:
        check_amount(total, code)
    livemode = "live" if call.livemode else "test"
    id = new_id(f"cs_{livemode}", 58)
    options = {"allow_redisplay_filters": ["always"], "payment_method_remove": None, "payment_method_save": None}
    setup = mode == "setup"
    values = dict.fromkeys(EMPTY_NAMES.split()) | {name: given.get(name) for name in KEPT.split()}
    values |= {
        "adaptive_pricing": {"enabled": False},
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "currency": code,
        "custom_fields": [],
        "custom_text": TEXT_BESIDE,
        "expires_at": given.get("expires_at", call.now + EXPIRES_SECONDS_MAX),
        "id": id,
        "invoice_creation": None
        if mode != "payment"
        else {"enabled": False, "invoice_data": dict.fromkeys(("description", "footer", "metadata"))},
        "metadata": merged({}, given.get("metadata", {})),
        "mode": mode,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "no_payment_required" if setup else "unpaid",
        "phone_number_collection": {"enabled": False},
        "saved_payment_method_options": options | given.get("saved_payment_method_options", {}),
        "shipping_options": [],
        "status": "open",
        "total_details": None if setup else {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{call.world.url}/c/pay/{id}",
        "_items": items,
        "_data": given.get({v: k for k, v in ONLY_IN.items()}[mode], {}),
    }
    session = call.new("checkout.session", "cs", **values)
    if setup:
        data = session["_data"] | {"metadata": merged({}, session["_data"].get("metadata", {}))}
        intent = setup_intents.made(call, customer=session["customer"], _session=id, **data)
        call.change(session, setup_intent=intent["id"])
    return session


def _check(call: Call, given: Object, mode: str) -> None:
    if "success_url" not in given:
        raise missing_parameter("success_url")
    for name, only in ONLY_IN.items():
        if name in given and mode != only:
            raise invalid(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    if mode == "setup":
        if given.get("line_items"):
            raise invalid("You can not pass `line_items` in `setup` mode.", param="line_items")
        if "currency" not in given and "payment_method_types" not in given:
            raise invalid(
                "In `setup` mode, `currency` is required unless `payment_method_types` is given.", param="currency"
            )
    elif not given.get("line_items"):
        raise missing_parameter("line_items")
    if given.get("customer") and (given.get("customer_email") or given.get("customer_creation")):
        named = "customer_email" if given.get("customer_email") else "customer_creation"
        raise invalid(f"You may only specify one of these parameters: customer, {named}.", param=named)
    if given.get("customer_creation") and mode == "subscription":
        raise invalid("`customer_creation` can only be used in `payment` and `setup` mode.", param="customer_creation")
    if given.get("customer"):
        customers.live_one(call, given["customer"])
    if "expires_at" in given:
        ahead = given["expires_at"] - call.now
        if ahead < EXPIRES_SECONDS_MIN - EXPIRES_LEEWAY_SECONDS:
            words = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
            raise invalid(words, param="expires_at")
        if ahead > EXPIRES_SECONDS_MAX + EXPIRES_LEEWAY_SECONDS:
            words = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
            raise invalid(words, param="expires_at")


def _line_items(call: Call, given: list[Object], mode: str) -> list[Object]:
    items = []
    for place, each in enumerate(given):
        naming = f"line_items[{place}]"
        if ("price" in each) == ("price_data" in each):
            raise missing_parameter(f"{naming}[price_data]")
        if "quantity" not in each:
            raise missing_parameter(f"{naming}[quantity]")
        if each["quantity"] < 1:
            message = "This value must be greater than or equal to 1."
            raise invalid(message, param=f"{naming}[quantity]", code="parameter_invalid_integer")
        if "price" in each:
            price = call.get("price", each["price"], param=f"{naming}[price]")
            if not price["active"]:
                raise invalid("The price specified is inactive. This field only accepts active prices.", param=naming)
        else:
            price = catalogue.made_price(call, naming=f"{naming}[price_data][{{}}]", **each["price_data"])
        if price["recurring"] and mode == "payment":
            raise invalid("You must provide one-time prices in `payment` mode.", param=naming)
        if mode == "subscription" and not price["recurring"]:
            raise invalid("You must provide at least one recurring price in `subscription` mode.", param=naming)
        amount = price["unit_amount"] * each["quantity"]
        product = call.get("product", price["product"])
        items.append(
            {
                "id": new_id("li"),
                "object": "item",
                "adjustable_quantity": None,
                "amount_discount": 0,
                "amount_subtotal": amount,
                "amount_tax": 0,
                "amount_total": amount,
                "currency": price["currency"],
                "description": product["name"],
                "metadata": merged({}, each.get("metadata", {})),
                "price": price,
                "quantity": each["quantity"],
            }
        )
    return items


def expire_due(call: Call) -> None:
    """Expire every open session whose time is over."""
    for session in call.store.find("checkout.session", livemode=call.livemode, status="open"):
        if session["expires_at"] <= call.now:
            expired(call, session)


def expired(call: Call, session: Object) -> Object:
    """Close a session that was not paid; its payment intent, if Pay was pressed, is cancelled."""
    if session["payment_intent"]:
        intent = call.get("payment_intent", session["payment_intent"])
        if intent["status"] in payment_intents.CONFIRMABLE:
            payment_intents.cancelled(call, intent, "expired")
    return call.change(session, "checkout.session.expired", status="expired", url=None)


def expire(call: Call, id: str) -> Object:
    """Close an open session now."""
    session = retrieve(call, id)
    if session["status"] != "open":
        state = session["status"]
        message = f'Only Checkout Sessions with a status in ["open"] can be expired. This one has a status of {state}.'
        raise invalid(message, param="session")
    return expired(call, session)


def retrieve(call: Call, id: str) -> Object:
    """One session."""
    expire_due(call)
    return call.get("checkout.session", id)


def update(call: Call, id: str) -> Object:
    """Metadata only."""
    session = retrieve(call, id)
    return call.change(session, metadata=merged(session["metadata"], call.params.get("metadata", {})))


def list_all(call: Call) -> Object:
    """Sessions, by customer, payment intent, subscription or status."""
    expire_due(call)
    wanted = {name: call.params.get(name) for name in ("customer", "payment_intent", "status", "subscription")}
    return listed(call, "checkout.session", "/v1/checkout/sessions", **wanted)


def list_items(call: Call, id: str) -> Object:
    """What is bought."""
    return page(call, retrieve(call, id)["_items"], kind="item", url=f"/v1/checkout/sessions/{id}/line_items")


@included("checkout.session", "line_items")
def line_items(call: Call, session: Object) -> Object:
    """What is bought, within the session."""
    items: list[Any] = call.get("checkout.session", session["id"])["_items"]
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return {"object": "list", "data": items, "has_more": False, "url": url}


@included("", "breakdown")
def breakdown(call: Call, details: Object) -> Object:
    """The parts of the total: there are no discounts and no taxes."""
    return {"discounts": [], "taxes": []}


@included("item", "discounts")
@included("item", "taxes")
def parts(call: Call, item: Object) -> list[Any]:
    """The same for one line."""
    return []


STATUS = one_of("complete", "expired", "open")
ROUTES = [
    Route("POST", "/v1/checkout/sessions", create, CREATE),
    Route(
        "GET",
        "/v1/checkout/sessions",
        list_all,
        list_shape("customer", "payment_intent", "subscription", status=STATUS),
    ),
    Route("GET", "/v1/checkout/sessions/{id}", retrieve),
    Route("POST", "/v1/checkout/sessions/{id}", update, Shape(metadata=metadata)),
    Route("POST", "/v1/checkout/sessions/{id}/expire", expire),
    Route("GET", "/v1/checkout/sessions/{id}/line_items", list_items, list_shape(by_creation=False)),
]
