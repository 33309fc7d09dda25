"""Invoice payments: which payment intent pays which invoice. Since 2025 neither of the two names the other."""

from __future__ import annotations

from tests.fakes.stripe.listing import list_shape, listed
from tests.fakes.stripe.parameters import Shape, one_of, text
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object
from tests.fakes.stripe.world import Call

PAYMENT = Shape(("type",), payment_intent=text, type=one_of("payment_intent"))


def joined(call: Call, invoice: Object, intent: Object) -> Object:
    """The link between an invoice and the intent that is to pay it."""
    return call.new(
        "invoice_payment",
        "inpay",
        amount_paid=None,
        amount_requested=intent["amount"],
        currency=intent["currency"],
        invoice=invoice["id"],
        is_default=True,
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
        status="open",
        status_transitions={"canceled_at": None, "paid_at": None},
    )


def of_invoice(call: Call, invoice: Object) -> list[Object]:
    """The payments of an invoice, newest first."""
    return call.store.find("invoice_payment", livemode=call.livemode, invoice=invoice["id"])


def paid(call: Call, payment: Object) -> None:
    """Its intent succeeded."""
    moments = payment["status_transitions"] | {"paid_at": call.now}
    call.change(payment, status="paid", amount_paid=payment["amount_requested"], status_transitions=moments)
    call.emit("invoice_payment.paid", payment)


def cancelled(call: Call, payment: Object) -> None:
    """Its invoice is not to be paid by it any more."""
    moments = payment["status_transitions"] | {"canceled_at": call.now}
    call.change(payment, status="canceled", status_transitions=moments)


def retrieve(call: Call, id: str) -> Object:
    """One payment of an invoice."""
    return call.get("invoice_payment", id)


def list_all(call: Call) -> Object:
    """By invoice, by status, or by the payment intent."""
    wanted = {name: call.params.get(name) for name in ("invoice", "status")}
    wanted["payment__payment_intent"] = call.params.get("payment", {}).get("payment_intent")
    return listed(call, "invoice_payment", "/v1/invoice_payments", **wanted)


STATUS = one_of("open", "paid", "canceled")
ROUTES = [
    Route("GET", "/v1/invoice_payments", list_all, list_shape("invoice", payment=PAYMENT, status=STATUS)),
    Route("GET", "/v1/invoice_payments/{id}", retrieve),
]
