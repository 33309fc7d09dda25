"""Setup intents: a card is saved for later charges without one now, with the payer there to confirm it."""

from __future__ import annotations

from typing import Any

from tests.fakes.stripe import cards, customers, payment_methods, payments
from tests.fakes.stripe.errors import card_error, invalid
from tests.fakes.stripe.listing import list_shape, listed
from tests.fakes.stripe.parameters import Shape, boolean, clearable, list_of, merged, metadata, one_of, text, url
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object, new_id, public
from tests.fakes.stripe.world import Call

CONFIRM = Shape(payment_method=text, return_url=url)
UPDATE = Shape(
    customer=text,
    description=clearable,
    metadata=metadata,
    payment_method=text,
    payment_method_types=list_of(one_of("card")),
)
CREATE = UPDATE | Shape(
    automatic_payment_methods=Shape(("enabled",), enabled=boolean, allow_redirects=one_of("always", "never")),
    confirm=boolean,
    return_url=url,
    usage=one_of("off_session", "on_session"),
)
CANCEL = Shape(cancellation_reason=one_of("abandoned", "duplicate", "requested_by_customer"))
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
EMPTY_NAMES = """
    application attach_to_self automatic_payment_methods cancellation_reason customer customer_account description
    excluded_payment_method_types flow_directions last_setup_error latest_attempt mandate next_action on_behalf_of
    payment_method payment_method_configuration_details single_use_mandate
"""


def made(call: Call, **values: Any) -> Object:
    """A new intent, told by `setup_intent.created`."""
    defaults = {
        "metadata": {},
        "payment_method_options": {"card": {"mandate_options": None, "request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        "usage": "off_session",
    }
    intent = call.new("setup_intent", "seti", **(dict.fromkeys(EMPTY_NAMES.split()) | defaults | values))
    call.change(intent, client_secret=f"{intent['id']}_secret_{new_id('', 25)[1:]}")
    call.emit("setup_intent.created", intent)
    return intent


def attempt(
    call: Call, intent: Object, method: Object, *, confirmed: bool = False, return_url: str | None = None
) -> Object:
    """Try to save this card; the intent's new state says how it went."""
    behaviour = method["_behaviour"]
    if payments.needs_payer(behaviour) and not confirmed:
        changes: Object = {"payment_method": method["id"], "last_setup_error": None}
        action = payments.action(call, intent, return_url)
        return call.change(
            intent, "setup_intent.requires_action", status="requires_action", next_action=action, **changes
        )
    if behaviour["attach"]:
        return decline(call, intent, method, behaviour["attach"])
    call.change(method, _behaviour=behaviour | {"set_up": True})
    if intent["customer"]:
        payment_methods.join(call, method, intent["customer"], redisplay="limited")
    changes = {"payment_method": method["id"], "last_setup_error": None, "next_action": None}
    return call.change(intent, "setup_intent.succeeded", status="succeeded", **changes)


def decline(call: Call, intent: Object, method: Object, code: str) -> Object:
    """The bank says no: the intent wants another card."""
    error = {
        "code": cards.error_code(code).replace("payment_intent", "setup_intent"),
        "decline_code": code,
        "message": cards.message(code),
        "payment_method": public(method),
        "type": "card_error",
    }
    changes: Object = {"payment_method": None, "next_action": None, "last_setup_error": error}
    return call.change(intent, "setup_intent.setup_failed", status="requires_payment_method", **changes)


def create(call: Call) -> Object:
    """An intent; with `confirm`, the card is saved at once."""
    given = {key: value for key, value in call.params.items() if key in CREATE.fields}
    confirm_now, return_url = given.pop("confirm", False), given.pop("return_url", None)
    given["metadata"] = merged({}, given.get("metadata", {}))
    if given.get("customer"):
        customers.live_one(call, given["customer"])
    if given.get("payment_method"):
        method = payment_methods.usable(call, given["payment_method"], given.get("customer"))
        given |= {"payment_method": method["id"], "status": "requires_confirmation"}
    intent = made(call, **given)
    return _confirmed(call, intent, return_url) if confirm_now else intent


def _confirmed(call: Call, intent: Object, return_url: str | None) -> Object:
    if not intent["payment_method"]:
        message = "You cannot confirm this SetupIntent because it's missing a payment method."
        raise invalid(message, code="setup_intent_unexpected_state", setup_intent=public(intent))
    method = payment_methods.usable(call, intent["payment_method"], intent["customer"])
    attempt(call, intent, method, return_url=return_url)
    error = intent["last_setup_error"]
    if error:
        code, words = error["code"], error["message"]
        raise card_error(error["decline_code"], code=code, message=words, setup_intent=public(intent))
    return intent


def _open(call: Call, id: str, verb: str) -> Object:
    intent = call.get("setup_intent", id)
    if intent["status"] not in CONFIRMABLE:
        message = f"You cannot {verb} this SetupIntent because it has a status of {intent['status']}."
        raise invalid(message, code="setup_intent_unexpected_state", setup_intent=public(intent))
    return intent


def confirm(call: Call, id: str) -> Object:
    """Save the card, given now or before."""
    intent = _open(call, id, "confirm")
    if call.params.get("payment_method"):
        method = payment_methods.usable(call, call.params["payment_method"], intent["customer"])
        call.change(intent, payment_method=method["id"])
    return _confirmed(call, intent, call.params.get("return_url"))


def cancel(call: Call, id: str) -> Object:
    """Give up an intent that saved no card."""
    intent = _open(call, id, "cancel")
    reason = call.params.get("cancellation_reason")
    return call.change(intent, "setup_intent.canceled", status="canceled", cancellation_reason=reason, next_action=None)


def update(call: Call, id: str) -> Object:
    """Change an intent that saved no card."""
    intent = _open(call, id, "update")
    given = {key: value for key, value in call.params.items() if key in UPDATE.fields}
    if "metadata" in given:
        given["metadata"] = merged(intent["metadata"], given["metadata"])
    if given.get("payment_method"):
        owner = given.get("customer", intent["customer"])
        given["payment_method"] = payment_methods.usable(call, given["payment_method"], owner)["id"]
        given["status"] = "requires_confirmation"
    return call.change(intent, **given)


def retrieve(call: Call, id: str) -> Object:
    """One intent."""
    return call.get("setup_intent", id)


def list_all(call: Call) -> Object:
    """Intents, by customer or payment method."""
    wanted = {name: call.params.get(name) for name in ("customer", "payment_method")}
    return listed(call, "setup_intent", "/v1/setup_intents", **wanted)


ROUTES = [
    Route("POST", "/v1/setup_intents", create, CREATE),
    Route("GET", "/v1/setup_intents", list_all, list_shape("customer", "payment_method")),
    Route("GET", "/v1/setup_intents/{id}", retrieve, Shape(client_secret=text)),
    Route("POST", "/v1/setup_intents/{id}", update, UPDATE),
    Route("POST", "/v1/setup_intents/{id}/confirm", confirm, CONFIRM),
    Route("POST", "/v1/setup_intents/{id}/cancel", cancel, CANCEL),
]
