"""Charges: one for each attempt to take money, succeeded or failed. They come from payment intents only."""

from __future__ import annotations

from tests.fakes.stripe import balance, cards
from tests.fakes.stripe.expansion import included
from tests.fakes.stripe.listing import list_shape, listed
from tests.fakes.stripe.parameters import Shape, clearable, merged, metadata, text
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object, new_id
from tests.fakes.stripe.world import Call


def attempt(call: Call, intent: Object, method: Object, *, declined: str = "") -> Object:
    """Try to charge an intent: the charge, with its movement of balance and its entry in the journal if it succeeds."""
    paid = not declined
    charge = call.new(
        "charge",
        "ch",
        amount=intent["amount"],
        amount_captured=intent["amount"] if paid else 0,
        amount_refunded=0,
        application=None,
        application_fee=None,
        application_fee_amount=None,
        balance_transaction=None,
        billing_details=method["billing_details"],
        calculated_statement_descriptor="STAND-IN",
        captured=paid,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        failure_balance_transaction=None,
        failure_code=cards.error_code(declined) if declined else None,
        failure_message=cards.message(declined) if declined else None,
        fraud_details={},
        metadata=intent["metadata"],
        on_behalf_of=None,
        outcome=_outcome(declined),
        paid=paid,
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=_details(intent, method),
        receipt_email=intent["receipt_email"],
        receipt_number=None,
        receipt_url=None,
        refunded=False,
        review=None,
        shipping=None,
        source=None,
        source_transfer=None,
        statement_descriptor=intent["statement_descriptor"],
        statement_descriptor_suffix=None,
        status="succeeded" if paid else "failed",
        transfer_data=None,
        transfer_group=None,
    )
    if paid:
        moved = balance.post(
            call,
            charge,
            type="charge",
            amount=charge["amount"],
            fee=balance.fee_of(charge["amount"]),
            description=charge["description"],
        )
        call.change(
            charge,
            balance_transaction=moved["id"],
            receipt_url=f"{call.world.url}/c/receipt/{charge['id']}",
        )
        call.book("payment", charge, amount=charge["amount"], payment_intent=intent["id"], customer=intent["customer"])
    call.emit("charge.succeeded" if paid else "charge.failed", charge)
    return charge


def _outcome(declined: str) -> Object:
    return {
        "advice_code": "try_again_later" if declined == "processing_error" else None,
        "network_advice_code": None,
        "network_decline_code": "05" if declined else None,
        "network_status": "declined_by_network" if declined else "approved_by_network",
        "reason": declined or None,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": "The bank declined the payment." if declined else "Payment complete.",
        "type": "issuer_declined" if declined else "authorized",
    }


def _details(intent: Object, method: Object) -> Object:
    card = method["card"]
    kept = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    return {
        "card": {name: card[name] for name in kept}
        | {
            "amount_authorized": intent["amount"],
            "authorization_code": new_id("", 6)[1:],
            "installments": None,
            "mandate": None,
            "network": card["brand"],
            "network_token": {"used": False},
            "regulated_status": "unregulated",
            "three_d_secure": None,
        },
        "type": "card",
    }


def left(charge: Object) -> int:
    """What can still be refunded, in minor units."""
    return int(charge["amount_captured"] - charge["amount_refunded"])


def retrieve(call: Call, id: str) -> Object:
    """One charge."""
    return call.get("charge", id)


def update(call: Call, id: str) -> Object:
    """Change its words or metadata, never its money."""
    charge = call.get("charge", id)
    given = {key: value for key, value in call.params.items() if key != "expand"}
    if "metadata" in given:
        given["metadata"] = merged(charge["metadata"], given["metadata"])
    return call.change(charge, "charge.updated", **given)


def list_all(call: Call) -> Object:
    """Charges, by customer or payment intent."""
    wanted = {name: call.params.get(name) for name in ("customer", "payment_intent")}
    return listed(call, "charge", "/v1/charges", **wanted)


@included("charge", "refunds")
def refunds(call: Call, charge: Object) -> Object:
    """The refunds of a charge, newest first."""
    found = call.store.find("refund", livemode=call.livemode, charge=charge["id"])
    url = f"/v1/charges/{charge['id']}/refunds"
    return {"object": "list", "data": found[:10], "has_more": len(found) > 10, "url": url}


ROUTES = [
    Route("GET", "/v1/charges", list_all, list_shape("customer", "payment_intent")),
    Route("GET", "/v1/charges/{id}", retrieve),
    Route(
        "POST",
        "/v1/charges/{id}",
        update,
        Shape(customer=text, description=clearable, metadata=metadata, receipt_email=clearable),
    ),
]
