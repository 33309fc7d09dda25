"""Refunds to the card that paid: in parts, together never more than the charge. A failed one gives its part back."""

from __future__ import annotations

from tests.fakes.stripe import balance, charges
from tests.fakes.stripe.errors import invalid, missing_parameter
from tests.fakes.stripe.listing import list_shape, listed
from tests.fakes.stripe.parameters import Shape, amount, merged, metadata, one_of, text
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object
from tests.fakes.stripe.world import Call

REASON = one_of("duplicate", "fraudulent", "requested_by_customer")
CREATE = Shape(amount=amount, charge=text, metadata=metadata, payment_intent=text, reason=REASON)


def create(call: Call) -> Object:
    """Give back all that is left of a charge, or the amount given."""
    charge = _charge(call)
    left = charges.left(charge)
    wanted = call.params.get("amount", left)
    if charge["status"] != "succeeded":
        raise invalid(f"Charge {charge['id']} was not successful and cannot be refunded.", param="charge")
    if charge["disputed"] and not _refundable(call, charge):
        raise invalid(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if left == 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if wanted > left:
        ours, theirs = balance.shown(wanted, charge["currency"]), balance.shown(left, charge["currency"])
        what = "unrefunded amount on charge" if charge["amount_refunded"] else "charge amount"
        raise invalid(f"Refund amount ({ours}) is greater than {what} ({theirs})", param="amount")
    intent = call.get("payment_intent", charge["payment_intent"])
    method = call.get("payment_method", charge["payment_method"])
    behaviour = method["_behaviour"]["refund"]
    refund = call.new(
        "refund",
        "re",
        amount=wanted,
        balance_transaction=None,
        charge=charge["id"],
        currency=charge["currency"],
        customer=charge["customer"],
        customer_account=None,
        destination_details={"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
        metadata=merged({}, call.params.get("metadata", {})),
        payment_intent=intent["id"],
        payment_method=method["id"],
        reason=call.params.get("reason"),
        receipt_number=None,
        source_transfer_reversal=None,
        status="pending" if behaviour == "pending" else "succeeded",
        transfer_reversal=None,
    )
    _move(call, refund, charge, kind="refund", amount=-wanted)
    call.emit("refund.created", refund)
    call.emit("charge.refunded", charge)
    return refund


def _move(call: Call, refund: Object, charge: Object, *, kind: str, amount: int) -> None:
    moved = balance.post(call, refund, type=kind, amount=amount)
    field = "balance_transaction" if kind == "refund" else "failure_balance_transaction"
    call.change(refund, **{field: moved["id"]})
    refunded = charge["amount_refunded"] - amount
    call.change(charge, amount_refunded=refunded, refunded=refunded == charge["amount_captured"])
    call.book(kind, refund, amount=amount, payment_intent=refund["payment_intent"], customer=charge["customer"])


def _refundable(call: Call, charge: Object) -> bool:
    found = call.store.find("dispute", livemode=call.livemode, charge=charge["id"])
    return all(each["is_charge_refundable"] for each in found)


def _charge(call: Call) -> Object:
    named, intent_id = call.params.get("charge"), call.params.get("payment_intent")
    if not named and not intent_id:
        raise missing_parameter("charge")
    if named and intent_id:
        raise invalid("You may only specify one of these parameters: charge, payment_intent.", param="charge")
    if intent_id:
        intent = call.get("payment_intent", intent_id, param="payment_intent")
        named = intent["latest_charge"]
        if intent["status"] != "succeeded" or not named:
            message = f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
            raise invalid(message, param="payment_intent")
    return call.get("charge", str(named), param="charge")


def settled(call: Call, refund: Object) -> Object:
    """A pending refund has reached the card."""
    if refund["status"] != "pending":
        raise invalid(f"This refund is {refund['status']}.")
    call.change(refund, "refund.updated", "charge.refund.updated", status="succeeded")
    return refund


def failed(call: Call, refund: Object, reason: str = "expired_or_canceled_card") -> Object:
    """The bank sent the refund back, early or late: the money is ours again."""
    if refund["status"] not in ("pending", "succeeded"):
        raise invalid(f"This refund is {refund['status']}.")
    return _undone(call, refund, status="failed", reason=reason)


def _undone(call: Call, refund: Object, *, status: str, reason: str) -> Object:
    charge = call.get("charge", refund["charge"])
    _move(call, refund, charge, kind="refund_failure", amount=refund["amount"])
    call.change(refund, status=status, failure_reason=reason)
    call.emit("refund.failed" if status == "failed" else "refund.updated", refund)
    call.emit("charge.refund.updated", refund, previous={"status": "pending"})
    call.emit("charge.updated", charge, previous={"amount_refunded": charge["amount_refunded"] + refund["amount"]})
    return refund


def cancel(call: Call, id: str) -> Object:
    """Take back a refund that has not left yet."""
    refund = call.get("refund", id)
    if refund["status"] != "pending":
        raise invalid(f"Refund {id} cannot be canceled because it has a status of {refund['status']}.")
    return _undone(call, refund, status="canceled", reason="merchant_request")


def update(call: Call, id: str) -> Object:
    """Metadata only."""
    refund = call.get("refund", id)
    changed = merged(refund["metadata"], call.params.get("metadata", {}))
    return call.change(refund, "refund.updated", "charge.refund.updated", metadata=changed)


def retrieve(call: Call, id: str) -> Object:
    """One refund."""
    return call.get("refund", id)


def list_all(call: Call) -> Object:
    """Refunds, by charge or payment intent."""
    wanted = {name: call.params.get(name) for name in ("charge", "payment_intent")}
    return listed(call, "refund", "/v1/refunds", **wanted)


ROUTES = [
    Route("POST", "/v1/refunds", create, CREATE),
    Route("GET", "/v1/refunds", list_all, list_shape("charge", "payment_intent")),
    Route("GET", "/v1/refunds/{id}", retrieve),
    Route("POST", "/v1/refunds/{id}", update, Shape(metadata=metadata)),
    Route("POST", "/v1/refunds/{id}/cancel", cancel),
]
