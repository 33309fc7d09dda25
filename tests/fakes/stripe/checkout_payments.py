"""What pressing Pay does: the intent is made at the first press, tried with each card, and completes the session once.

A subscription's first invoice is paid the same way: `subscriptions.start(call, session, method)` gives the payment
intent to try (the same one at each press), `subscriptions.activate(call, session, intent, method)` follows its success
and returns what changes in the session (`subscription`, `invoice`).
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from tests.fakes.stripe import customers, payment_intents, payment_methods, payments, setup_intents
from tests.fakes.stripe.parameters import merged
from tests.fakes.stripe.store import Object
from tests.fakes.stripe.world import Call


def saved_cards(call: Call, session: Object) -> list[Object]:
    """The payer's cards that this page may show: by default only those that may always be shown."""
    if not session["customer"] or session["mode"] == "setup":
        return []
    shown = session["saved_payment_method_options"]["allow_redisplay_filters"]
    found = call.store.find("payment_method", livemode=call.livemode, customer=session["customer"])
    return [each for each in found if each["allow_redisplay"] in shown]


def pay(call: Call, session: Object, method: Object, *, email: str | None = None) -> Object:
    """Press Pay: the intent, whose status says whether it is done, declined or waits for the payer."""
    if email and not session["customer"]:
        call.change(session, _email=email)
    _customer(call, session, method)
    intent = _intent(call, session, method)
    if session["mode"] == "setup":
        setup_intents.attempt(call, intent, method, return_url=_return_url(call, session))
    else:
        payments.attempt(call, intent, method, return_url=_return_url(call, session))
    return settle(call, session, intent)


def _return_url(call: Call, session: Object) -> str:
    return f"{call.world.url}/c/pay/{session['id']}"


def _customer(call: Call, session: Object, method: Object) -> None:
    if session["customer"] or not (session["mode"] == "subscription" or session["customer_creation"] == "always"):
        return
    email = session.get("_email") or session["customer_email"]
    known = {"email": email, "name": method["billing_details"]["name"]}
    made = customers.create(Call(call.world, known, call.livemode))
    call.change(session, customer=made["id"])


def _intent(call: Call, session: Object, method: Object) -> Object:
    if session["mode"] == "setup":
        return call.get("setup_intent", session["setup_intent"])
    if session["mode"] == "subscription":
        started: Object = _subscriptions().start(call, session, method)
        if started.get("_session") != session["id"]:
            call.change(started, _session=session["id"])
        return started
    if session["payment_intent"]:
        return call.get("payment_intent", session["payment_intent"])
    data: dict[str, Any] = session["_data"] | {"metadata": merged({}, session["_data"].get("metadata", {}))}
    intent = payment_intents.made(
        call,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=session["customer"],
        _session=session["id"],
        **data,
    )
    call.change(session, payment_intent=intent["id"])
    return intent


def settle(call: Call, session: Object, intent: Object) -> Object:
    """Complete the session if its intent succeeded or is on its way; does nothing otherwise, or when that was done."""
    if intent["status"] not in ("succeeded", "processing") or session["status"] != "open":
        return intent
    method = call.get("payment_method", intent["payment_method"])
    changes: dict[str, Any] = {"status": "complete", "url": None}
    if session["mode"] != "setup" and intent["status"] == "succeeded":
        changes["payment_status"] = "paid"
    if session["mode"] == "subscription" and intent["status"] == "succeeded":
        changes |= _subscriptions().activate(call, session, intent, method)
    changes["customer_details"] = _details(call, session, method)
    call.change(session, "checkout.session.completed", **changes)
    return intent


def arrived(call: Call, intent: Object, *, succeeded: bool) -> Object:
    """A payment that took days ends; its session, if it has one, tells of it."""
    payments.settled(call, intent, succeeded=succeeded)
    session = session_of(call, intent)
    if session and succeeded:
        call.change(session, "checkout.session.async_payment_succeeded", payment_status="paid")
    elif session:
        call.change(session, "checkout.session.async_payment_failed")
    return intent


def _details(call: Call, session: Object, method: Object) -> Object:
    owner = call.get("customer", session["customer"]) if session["customer"] else {}
    return {
        "address": method["billing_details"]["address"],
        "business_name": None,
        "email": owner.get("email") or session.get("_email") or session["customer_email"],
        "individual_name": None,
        "name": method["billing_details"]["name"] or owner.get("name"),
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }


def authenticated(call: Call, intent: Object, *, confirmed: bool) -> Object:
    """The payer has answered their bank: try the card again with that, or leave it failed."""
    method = call.get("payment_method", intent["payment_method"])
    setup = intent["object"] == "setup_intent"
    if not confirmed:
        if setup:
            setup_intents.decline(call, intent, method, "authentication_failure")
        else:
            payments.refused(call, intent, method)
    elif setup:
        setup_intents.attempt(call, intent, method, confirmed=True)
    else:
        payments.attempt(call, intent, method, confirmed=True)
    session = session_of(call, intent)
    return settle(call, session, intent) if session else intent


def session_of(call: Call, intent: Object) -> Object | None:
    """The session that an intent belongs to."""
    return call.get("checkout.session", intent["_session"]) if intent.get("_session") else None


def new_card(call: Call, card: Any, *, exp_month: int, exp_year: int, name: str | None) -> Object:
    """The payment method of a card that was typed in."""
    return payment_methods.from_card(call, card, exp_month=exp_month, exp_year=exp_year, name=name)


def _subscriptions() -> ModuleType:
    return importlib.import_module("tests.fakes.stripe.subscriptions")
