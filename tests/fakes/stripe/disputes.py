"""Disputes: the bank takes the money back with a fee, and returns it if we win. An inquiry moves no money yet."""

from __future__ import annotations

from tests.fakes.stripe import balance
from tests.fakes.stripe.errors import invalid
from tests.fakes.stripe.listing import list_shape, listed
from tests.fakes.stripe.parameters import Shape, boolean, clearable, merged, metadata
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object
from tests.fakes.stripe.world import Call

FEE = 1500
DUE_SECONDS = 9 * 24 * 3600
EVIDENCE_NAMES = """
    access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal
    customer_communication customer_email_address customer_name customer_purchase_ip customer_signature
    duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt
    refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation
    shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number
    uncategorized_file uncategorized_text
"""
EVIDENCE = EVIDENCE_NAMES.split()
OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")


def opened(
    call: Call, charge: Object, *, amount: int | None = None, reason: str = "fraudulent", status: str = "needs_response"
) -> Object:
    """The payer's bank disputes a charge. Statuses `warning_…` are inquiries, in which the money stays."""
    amount = charge["amount"] if amount is None else amount
    if charge["status"] != "succeeded" or not 0 < amount <= charge["amount"]:
        raise invalid("Only a successful charge can be disputed, up to its amount.", param="amount")
    inquiry = status.startswith("warning_")
    card = charge["payment_method_details"]["card"]
    dispute = call.new(
        "dispute",
        "dp",
        amount=amount,
        balance_transactions=[],
        charge=charge["id"],
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence=dict.fromkeys(EVIDENCE) | {"enhanced_evidence": {}},
        evidence_details={
            "due_by": call.now + DUE_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        is_charge_refundable=inquiry,
        metadata={},
        payment_intent=charge["payment_intent"],
        payment_method_details={
            "card": {
                "brand": card["brand"],
                "case_type": "inquiry" if inquiry else "chargeback",
                "network": card["network"],
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        reason=reason,
        status=status,
    )
    call.change(charge, disputed=True)
    if inquiry:
        call.emit("charge.dispute.created", dispute)
    else:
        _move(call, dispute, amount=-amount, fee=FEE, kind="dispute")
        call.emit("charge.dispute.created", dispute)
        call.emit("charge.dispute.funds_withdrawn", dispute)
    call.emit("charge.updated", charge, previous={"disputed": False})
    return dispute


def _move(call: Call, dispute: Object, *, amount: int, fee: int, kind: str) -> None:
    charge = call.get("charge", dispute["charge"])
    moved = balance.post(call, dispute, type="adjustment", amount=amount, fee=fee)
    call.change(dispute, balance_transactions=[*dispute["balance_transactions"], moved])
    call.book(kind, dispute, amount=amount, payment_intent=dispute["payment_intent"], customer=charge["customer"])


def escalated(call: Call, dispute: Object) -> Object:
    """An inquiry becomes a dispute: now the money is taken."""
    if not dispute["status"].startswith("warning_"):
        raise invalid("Only an inquiry becomes a dispute.")
    _move(call, dispute, amount=-dispute["amount"], fee=FEE, kind="dispute")
    call.change(dispute, "charge.dispute.updated", status="needs_response", is_charge_refundable=False)
    call.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def closed(call: Call, dispute: Object, *, won: bool) -> Object:
    """The bank decides: won returns the money (the fee stays with the bank), lost leaves it there."""
    if dispute["status"] not in OPEN:
        raise invalid(f"This dispute is already closed: {dispute['status']}.")
    if dispute["status"].startswith("warning_"):
        return call.change(dispute, "charge.dispute.closed", status="warning_closed")
    if not won:
        return call.change(dispute, "charge.dispute.closed", status="lost")
    _move(call, dispute, amount=dispute["amount"], fee=0, kind="reinstatement")
    call.change(dispute, "charge.dispute.closed", status="won")
    call.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def update(call: Call, id: str) -> Object:
    """Keep evidence, and send it with `submit` (which is the default)."""
    dispute = call.get("dispute", id)
    if dispute["status"] not in OPEN:
        raise invalid("This dispute is already closed", code="dispute_already_closed")
    given = call.params
    changes: Object = {}
    if "metadata" in given:
        changes["metadata"] = merged(dispute["metadata"], given["metadata"])
    if given.get("evidence"):
        changes["evidence"] = dispute["evidence"] | given["evidence"]
        sent = given.get("submit", True)
        count = dispute["evidence_details"]["submission_count"] + int(sent)
        changes["evidence_details"] = dispute["evidence_details"] | {"has_evidence": True, "submission_count": count}
        if sent:
            changes["status"] = dispute["status"].replace("needs_response", "under_review")
    return call.change(dispute, "charge.dispute.updated", **changes)


def close(call: Call, id: str) -> Object:
    """Give up: the dispute is lost."""
    return closed(call, call.get("dispute", id), won=False)


def retrieve(call: Call, id: str) -> Object:
    """One dispute."""
    return call.get("dispute", id)


def list_all(call: Call) -> Object:
    """Disputes, by charge or payment intent."""
    wanted = {name: call.params.get(name) for name in ("charge", "payment_intent")}
    return listed(call, "dispute", "/v1/disputes", **wanted)


ROUTES = [
    Route("GET", "/v1/disputes", list_all, list_shape("charge", "payment_intent")),
    Route("GET", "/v1/disputes/{id}", retrieve),
    Route(
        "POST",
        "/v1/disputes/{id}",
        update,
        Shape(evidence=Shape(**dict.fromkeys(EVIDENCE, clearable)), metadata=metadata, submit=boolean),
    ),
    Route("POST", "/v1/disputes/{id}/close", close),
]
