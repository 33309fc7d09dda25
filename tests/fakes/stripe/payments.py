"""How a payment intent is tried: succeed, decline, or wait until the payer has confirmed who they are."""

from __future__ import annotations

from typing import Any

from tests.fakes.stripe import cards, charges, disputes, payment_methods
from tests.fakes.stripe.errors import card_error
from tests.fakes.stripe.store import Object, public
from tests.fakes.stripe.world import Call


def needs_payer(behaviour: Object) -> bool:
    """Whether the bank wants the payer to confirm this payment."""
    kind = behaviour["authentication"]
    return bool(kind == "always" or (kind == "until_set_up" and not behaviour["set_up"]))


def attempt(
    call: Call,
    intent: Object,
    method: Object,
    *,
    off_session: bool = False,
    confirmed: bool = False,
    return_url: str | None = None,
) -> Object:
    """Try to take the intent's money with this card; the intent's new state says how it went.

    `off_session`: the payer is not there, so a bank that wants them declines. `confirmed`: they have just been there.
    """
    behaviour = method["_behaviour"]
    if needs_payer(behaviour) and not confirmed:
        if not off_session:
            return _wait_for_payer(call, intent, method, return_url)
        return decline(call, intent, method, "authentication_required")
    if behaviour["decline"]:
        return decline(call, intent, method, behaviour["decline"])
    if call.world.delayed:
        call.world.delayed -= 1
        changes: Object = {"payment_method": method["id"], "next_action": None, "last_payment_error": None}
        return call.change(intent, "payment_intent.processing", status="processing", **changes)
    return _succeed(call, intent, method, off_session=off_session)


def settled(call: Call, intent: Object, *, succeeded: bool) -> Object:
    """A payment that took days has arrived, or failed after all."""
    method = call.get("payment_method", intent["payment_method"])
    if not succeeded:
        return decline(call, intent, method, "generic_decline")
    return _succeed(call, intent, method, off_session=True)


def action(call: Call, intent: Object, return_url: str | None) -> Object:
    """Where the payer confirms who they are; with no address to return to, it is Stripe's script that shows it."""
    page = f"{call.world.url}/c/authenticate/{intent['id']}"
    if return_url is None:
        return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": page}}
    return {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": page}}


def _wait_for_payer(call: Call, intent: Object, method: Object, return_url: str | None) -> Object:
    return call.change(
        intent,
        "payment_intent.requires_action",
        status="requires_action",
        payment_method=method["id"],
        next_action=action(call, intent, return_url),
        last_payment_error=None,
    )


def decline(call: Call, intent: Object, method: Object, code: str) -> Object:
    """The bank says no: a failed charge, and an intent that wants another card."""
    charge = charges.attempt(call, intent, method, declined=code)
    call.change(intent, latest_charge=charge["id"])
    return _failed(call, intent, method, code, charge=charge["id"])


def refused(call: Call, intent: Object, method: Object) -> Object:
    """The payer did not confirm: no charge was tried, and the intent wants another card."""
    return _failed(call, intent, method, "authentication_failure", charge=None)


def _failed(call: Call, intent: Object, method: Object, code: str, *, charge: str | None) -> Object:
    error = {
        "advice_code": "try_again_later" if code == "processing_error" else None,
        "charge": charge,
        "code": cards.error_code(code),
        "decline_code": code,
        "message": cards.message(code),
        "payment_method": public(method),
        "type": "card_error",
    }
    return call.change(
        intent,
        "payment_intent.payment_failed",
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_payment_error=error,
    )


def _succeed(call: Call, intent: Object, method: Object, *, off_session: bool) -> Object:
    if intent["setup_future_usage"] and intent["customer"]:
        if not off_session:
            call.change(method, _behaviour=method["_behaviour"] | {"set_up": True})
        payment_methods.join(call, method, intent["customer"], redisplay="limited")
    if not method["customer"]:
        call.change(method, _spent=True)
    charge = charges.attempt(call, intent, method)
    changed: dict[str, Any] = {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "payment_method": method["id"],
        "latest_charge": charge["id"],
        "next_action": None,
        "last_payment_error": None,
    }
    call.change(intent, "payment_intent.succeeded", **changed)
    disputed = method["_behaviour"]["dispute"]
    if disputed:
        disputes.opened(call, charge, reason="fraudulent", status=disputed)
    return intent


def raise_if_declined(intent: Object) -> None:
    """402 with the intent in it, when its last attempt was declined."""
    error = intent["last_payment_error"]
    if intent["status"] == "requires_payment_method" and error:
        raise card_error(
            error["decline_code"],
            code=error["code"],
            message=error["message"],
            charge=error.get("charge"),
            payment_intent=public(intent),
            payment_method=error["payment_method"],
        )
