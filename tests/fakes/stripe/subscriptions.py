"""Subscriptions: begun by a paid Checkout session, renewed on order, cancelled now or at the end of their period.

The current period stands on the items, as in Stripe's versions since 2025. `advance` begins the next period whatever
the clock says: the renewal's invoice is paid or fails as the card behaves, and a failed one makes it `past_due`.
"""

from __future__ import annotations

from typing import Any

from tests.fakes.stripe import customers, invoice_payments, invoicing, payment_intents, payment_methods, periods
from tests.fakes.stripe.errors import invalid, no_such
from tests.fakes.stripe.listing import list_shape, page
from tests.fakes.stripe.parameters import Shape, boolean, clearable, merged, metadata, one_of, text
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object, new_id
from tests.fakes.stripe.world import Call

REASON = one_of(
    "customer_service",
    "low_quality",
    "missing_features",
    "other",
    "switched_service",
    "too_complex",
    "too_expensive",
    "unused",
)
CANCELLATION = Shape(comment=clearable, feedback=REASON)
UPDATE = Shape(
    cancel_at_period_end=boolean,
    cancellation_details=CANCELLATION,
    default_payment_method=clearable,
    description=clearable,
    metadata=metadata,
)
CANCEL = Shape(cancellation_details=CANCELLATION, invoice_now=boolean, prorate=boolean)
STATUSES = (
    "active",
    "all",
    "canceled",
    "ended",
    "incomplete",
    "incomplete_expired",
    "past_due",
    "paused",
    "trialing",
    "unpaid",
)
ENDED = ("canceled", "incomplete_expired")
EMPTY_NAMES = """
    application application_fee_percent billing_cycle_anchor_config billing_schedules billing_thresholds cancel_at
    canceled_at customer_account days_until_due default_source description ended_at latest_invoice
    next_pending_invoice_item_invoice on_behalf_of pause_collection pending_invoice_item_interval pending_setup_intent
    pending_update schedule test_clock transfer_data trial_end trial_start
"""


def start(call: Call, session: Object, method: Object) -> Object:
    """The payment intent of the first invoice, for the session's page to try cards on: the same one at each press."""
    if session.get("_intent"):
        return call.get("payment_intent", session["_intent"])
    intent = payment_intents.made(
        call,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=session["customer"],
        description="Subscription creation",
        setup_future_usage="off_session",
    )
    call.change(session, _intent=intent["id"])
    return intent


def activate(call: Call, session: Object, intent: Object, method: Object) -> Object:
    """The first payment succeeded: the subscription with its paid invoice. Returns what changes in the session."""
    data = session["_data"]
    subscription = _made(
        call,
        customer=session["customer"],
        lines=session["_items"],
        default_payment_method=method["id"],
        description=data.get("description"),
        metadata=merged({}, data.get("metadata", {})),
    )
    invoice = _invoice(call, subscription, "subscription_create")
    invoice_payments.joined(call, invoice, intent)
    call.change(invoice, attempt_count=1, attempted=True)
    invoicing.settle(call, invoice, intent)
    return {"subscription": subscription["id"], "invoice": invoice["id"]}


def _made(call: Call, *, customer: str, lines: list[Object], **values: Any) -> Object:
    """A subscription that waits for its first payment; `lines` have a `price` and a `quantity`."""
    id, end = new_id("sub"), periods.begin(call.now, lines[0]["price"]["recurring"], 1)
    items = [_item(call, id, each, start=call.now, end=end) for each in lines]
    nothing = dict.fromkeys(EMPTY_NAMES.split())
    defaults = {
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": call.now,
        "billing_mode": {"type": "classic"},
        "cancel_at_period_end": False,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "currency": lines[0]["price"]["currency"],
        "customer": customer,
        "default_tax_rates": [],
        "discounts": [],
        "id": id,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": _list(items, f"/v1/subscription_items?subscription={id}"),
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "start_date": call.now,
        "status": "incomplete",
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "_period": 0,
    }
    subscription = call.new("subscription", "sub", **(nothing | defaults | values))
    call.emit("customer.subscription.created", subscription)
    return subscription


def _list(items: list[Object], url: str) -> Object:
    return {"object": "list", "data": items, "has_more": False, "total_count": len(items), "url": url}


def _item(call: Call, subscription: str, line: Object, *, start: int, end: int) -> Object:
    price = line["price"]
    same = ("active", "billing_scheme", "created", "currency", "id", "livemode", "metadata", "nickname", "product")
    plan = {name: price[name] for name in same} | {
        "object": "plan",
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "meter": None,
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }
    return {
        "id": new_id("si", 14),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": call.now,
        "current_period_end": end,
        "current_period_start": start,
        "discounts": [],
        "metadata": {},
        "plan": plan,
        "price": price,
        "quantity": line["quantity"],
        "subscription": subscription,
        "tax_rates": [],
    }


def _invoice(call: Call, subscription: Object, reason: str) -> Object:
    """The open invoice of the current period."""
    item = subscription["items"]["data"][0]
    period = (item["current_period_start"], item["current_period_end"])
    details = {"metadata": subscription["metadata"], "subscription": subscription["id"]}
    previous = periods.begin(
        subscription["billing_cycle_anchor"], item["price"]["recurring"], max(0, subscription["_period"] - 1)
    )
    invoice = invoicing.made(
        call,
        call.get("customer", subscription["customer"]),
        auto_advance=True,
        billing_reason=reason,
        currency=subscription["currency"],
        parent={"quote_details": None, "subscription_details": details, "type": "subscription_details"},
        period_start=previous,
        period_end=period[0],
    )
    lines = []
    for each in subscription["items"]["data"]:
        product, amount = call.get("product", each["price"]["product"]), each["price"]["unit_amount"] * each["quantity"]
        origin = {
            "invoice_item": None,
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": subscription["id"],
            "subscription_item": each["id"],
        }
        lines.append(
            invoicing.line(
                invoice,
                amount=amount,
                description=f"{each['quantity']} × {product['name']}",  # noqa: RUF001 — Stripe's own sign
                metadata=subscription["metadata"],
                parent={
                    "invoice_item_details": None,
                    "subscription_item_details": origin,
                    "type": "subscription_item_details",
                },
                period=period,
                price=each["price"],
                quantity=each["quantity"],
            )
        )
    call.change(subscription, latest_invoice=invoice["id"])
    invoicing.with_lines(call, invoice, lines)
    return invoicing.finalized(call, invoice)


def heard(call: Call, invoice: Object) -> None:
    """An invoice was paid or its payment failed: the newest one decides whether its subscription is active."""
    subscription = invoicing.subscription_of(call, invoice)
    if not subscription or subscription["latest_invoice"] != invoice["id"] or subscription["status"] in ENDED:
        return
    status = "active" if invoice["status"] == "paid" else "past_due"
    if subscription["status"] != status:
        call.change(subscription, "customer.subscription.updated", status=status)


invoicing.ON_CHANGE.append(heard)


def advance(call: Call, subscription: Object) -> Object:
    """The next period begins: it is invoiced and charged, or, when cancelled to its end, the subscription is over."""
    if subscription["status"] in ENDED:
        raise invalid(f"This subscription is {subscription['status']}.")
    if subscription["cancel_at_period_end"]:
        return _ended(call, subscription, "cancellation_requested")
    number = subscription["_period"] + 1
    data = []
    for item in subscription["items"]["data"]:
        recurring, anchor = item["price"]["recurring"], subscription["billing_cycle_anchor"]
        begins, ends = periods.begin(anchor, recurring, number), periods.begin(anchor, recurring, number + 1)
        data.append(item | {"current_period_start": begins, "current_period_end": ends})
    items = subscription["items"] | {"data": data}
    call.change(subscription, _period=number)
    call.change(subscription, "customer.subscription.updated", items=items)
    invoice = _invoice(call, subscription, "subscription_cycle")
    invoicing.attempt(call, invoice, invoicing.card_of(call, invoice))
    return call.get("subscription", subscription["id"])


def _ended(call: Call, subscription: Object, reason: str) -> Object:
    details = subscription["cancellation_details"] | {"reason": reason}
    moments = {"canceled_at": subscription["canceled_at"] or call.now, "ended_at": call.now}
    call.change(subscription, status="canceled", cancellation_details=details, **moments)
    call.emit("customer.subscription.deleted", subscription)
    return subscription


def cancel(call: Call, id: str) -> Object:
    """End it now; what was paid stays paid, what is open stays open."""
    subscription = call.get("subscription", id)
    if subscription["status"] in ENDED:
        raise no_such("subscription", id)
    subscription["cancellation_details"] |= call.params.get("cancellation_details", {})
    return _ended(call, subscription, "cancellation_requested")


def update(call: Call, id: str) -> Object:
    """End it with its period or not, change its card, words or metadata."""
    subscription = call.get("subscription", id)
    given = {key: value for key, value in call.params.items() if key != "expand"}
    if subscription["status"] in ENDED and set(given) - {"cancellation_details", "metadata"}:
        raise invalid("A canceled subscription can only update its cancellation_details and metadata.")
    if "metadata" in given:
        given["metadata"] = merged(subscription["metadata"], given["metadata"])
    if given.get("default_payment_method"):
        method = payment_methods.usable(call, given["default_payment_method"], subscription["customer"])
        if method["customer"] != subscription["customer"]:
            raise customers.not_theirs(method["id"])
        given["default_payment_method"] = method["id"]
    details = subscription["cancellation_details"] | given.pop("cancellation_details", {})
    if "cancel_at_period_end" in given:
        ends = given["cancel_at_period_end"]
        period_end = subscription["items"]["data"][0]["current_period_end"]
        given |= {"cancel_at": period_end if ends else None, "canceled_at": call.now if ends else None}
        details |= {"reason": "cancellation_requested" if ends else None}
    return call.change(subscription, "customer.subscription.updated", cancellation_details=details, **given)


def retrieve(call: Call, id: str) -> Object:
    """One subscription."""
    return call.get("subscription", id)


def list_all(call: Call) -> Object:
    """By customer and status; without a status all that have not ended."""
    status = call.params.get("status")
    wanted = {"customer": call.params["customer"]} if "customer" in call.params else {}
    found = call.store.find("subscription", livemode=call.livemode, **wanted)
    if status is None:
        found = [each for each in found if each["status"] not in ENDED]
    elif status != "all":
        kinds = ENDED if status == "ended" else (status,)
        found = [each for each in found if each["status"] in kinds]
    return page(call, found, kind="subscription", url="/v1/subscriptions")


def list_items(call: Call) -> Object:
    """The items of a subscription."""
    subscription = call.get("subscription", call.params["subscription"], param="subscription")
    return page(call, subscription["items"]["data"], kind="subscription_item", url="/v1/subscription_items")


def retrieve_item(call: Call, id: str) -> Object:
    """One item."""
    for subscription in call.store.find("subscription", livemode=call.livemode):
        for item in subscription["items"]["data"]:
            if item["id"] == id:
                return dict(item)
    return call.get("subscription_item", id)


ROUTES = [
    Route("GET", "/v1/subscriptions", list_all, list_shape("customer", status=one_of(*STATUSES))),
    Route("GET", "/v1/subscriptions/{id}", retrieve),
    Route("POST", "/v1/subscriptions/{id}", update, UPDATE),
    Route("DELETE", "/v1/subscriptions/{id}", cancel, CANCEL),
    Route("GET", "/v1/subscription_items", list_items, list_shape(required=("subscription",), subscription=text)),
    Route("GET", "/v1/subscription_items/{id}", retrieve_item),
]
