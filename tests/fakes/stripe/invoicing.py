"""An invoice's life: draft -> open -> paid | void | uncollectible, its lines, and the attempts to take its money.

The calls over the API are in `invoices`, the page to pay on in `invoice_pages`. A subscription hears of what became of
its invoices through `ON_CHANGE`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.stripe import invoice_payments, payment_intents, payment_methods, payments
from tests.fakes.stripe.errors import invalid
from tests.fakes.stripe.store import Object, new_id
from tests.fakes.stripe.world import Call

ON_CHANGE: list[Callable[[Call, Object], None]] = []
"""Called with an invoice that was paid, or whose payment failed."""

RETRY_SECONDS = 3 * 24 * 3600
EMPTY_NAMES = """
    account_name account_tax_ids application automatically_finalizes_at custom_fields customer_account customer_phone
    customer_shipping default_payment_method default_source description due_date effective_at ending_balance footer
    from_invoice hosted_invoice_url invoice_pdf last_finalization_error latest_revision next_payment_attempt number
    on_behalf_of parent receipt_number rendering shipping_cost shipping_details statement_descriptor test_clock
    webhooks_delivered_at
"""


def made(call: Call, customer: Object, **values: Any) -> Object:
    """A new draft without lines, told by `invoice.created`."""
    id = new_id("in")
    nothing = dict.fromkeys(EMPTY_NAMES.split())
    defaults = {
        "account_country": "US",
        "amount_overpaid": 0,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": dict.fromkeys(("disabled_reason", "liability", "provider", "status")) | {"enabled": False},
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [],
        "default_tax_rates": [],
        "discounts": [],
        "issuer": {"type": "self"},
        "lines": {"object": "list", "data": [], "has_more": False, "url": f"/v1/invoices/{id}/lines"},
        "metadata": {},
        "payment_settings": dict.fromkeys(("default_mandate", "payment_method_options", "payment_method_types")),
        "period_end": call.now,
        "period_start": call.now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status": "draft",
        "status_transitions": dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
        "total_discount_amounts": [],
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    }
    invoice = call.new("invoice", "in", **(nothing | defaults | {"id": id} | _sums(0, 0) | values))
    call.emit("invoice.created", invoice)
    return invoice


def _sums(total: int, paid: int) -> Object:
    same = dict.fromkeys(("amount_due", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"), total)
    return same | {"amount_paid": paid, "amount_remaining": total - paid}


def line(
    invoice: Object, *, amount: int, description: str, period: tuple[int, int], parent: Object, **of: Any
) -> Object:
    """A line of an invoice; `price` and `quantity` may be given, `parent` says where it comes from."""
    price = of.get("price")
    pricing: Object = {"type": "price_details", "unit_amount_decimal": str(amount // of.get("quantity", 1))}
    if price:
        pricing["price_details"] = {"price": price["id"], "product": price["product"]}
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": invoice["currency"],
        "description": description,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice["id"],
        "livemode": invoice["livemode"],
        "metadata": of.get("metadata", {}),
        "parent": parent,
        "period": {"start": period[0], "end": period[1]},
        "pretax_credit_amounts": [],
        "pricing": pricing,
        "quantity": of.get("quantity", 1),
        "quantity_decimal": str(of.get("quantity", 1)),
        "subtotal": amount,
        "taxes": [],
    }


def with_lines(call: Call, invoice: Object, lines: list[Object]) -> Object:
    """Set a draft's lines and with them its sums."""
    listed = invoice["lines"] | {"data": lines}
    return call.change(invoice, lines=listed, **_sums(sum(each["amount"] for each in lines), 0))


def finalized(call: Call, invoice: Object) -> Object:
    """A draft becomes open, with its number and its page; one of nothing is paid at once."""
    if invoice["status"] != "draft":
        raise invalid("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    if not invoice["lines"]["data"]:
        raise invalid("Nothing to invoice for customer", code="invoice_no_customer_line_items")
    owner = call.get("customer", invoice["customer"])
    number = owner["next_invoice_sequence"]
    call.change(owner, next_invoice_sequence=number + 1)
    page = f"{call.world.url}/i/{invoice['id']}"
    call.change(
        invoice,
        status="open",
        number=f"{owner['invoice_prefix']}-{number:04d}",
        effective_at=call.now,
        hosted_invoice_url=page,
        invoice_pdf=f"{page}/pdf",
        status_transitions=invoice["status_transitions"] | {"finalized_at": call.now},
    )
    call.emit("invoice.finalized", invoice)
    if invoice["total"] == 0:
        return _paid(call, invoice, amount=0)
    return invoice


def intent_of(call: Call, invoice: Object) -> Object:
    """The payment intent that is to pay an open invoice: one for all attempts."""
    for payment in invoice_payments.of_invoice(call, invoice):
        if payment["status"] == "open":
            return call.get("payment_intent", payment["payment"]["payment_intent"])
    words = {"subscription_create": "Subscription creation", "subscription_cycle": "Subscription update"}
    intent = payment_intents.made(
        call,
        amount=invoice["amount_remaining"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        description=words.get(invoice["billing_reason"], f"Payment for Invoice {invoice['number']}"),
    )
    invoice_payments.joined(call, invoice, intent)
    return intent


def card_of(call: Call, invoice: Object) -> Object | None:
    """The card that an invoice is charged to: its own, its subscription's, or the customer's."""
    subscription = subscription_of(call, invoice)
    owner = call.get("customer", invoice["customer"])
    named = (
        invoice["default_payment_method"]
        or (subscription and subscription["default_payment_method"])
        or owner["invoice_settings"]["default_payment_method"]
    )
    return payment_methods.usable(call, named, owner["id"]) if named else None


def subscription_of(call: Call, invoice: Object) -> Object | None:
    """The subscription that an invoice is for."""
    parent = invoice["parent"]
    return call.get("subscription", parent["subscription_details"]["subscription"]) if parent else None


def attempt(
    call: Call, invoice: Object, method: Object | None, *, off_session: bool = True, return_url: str | None = None
) -> Object:
    """Try to take an open invoice's money; the returned intent says how it went."""
    intent = intent_of(call, invoice)
    call.change(invoice, attempt_count=invoice["attempt_count"] + 1, attempted=True)
    if method:
        payments.attempt(call, intent, method, off_session=off_session, return_url=return_url)
    return settle(call, invoice, intent)


def settle(call: Call, invoice: Object, intent: Object) -> Object:
    """Write what the intent's state means for its open invoice. May be repeated."""
    if invoice["status"] != "open":
        return intent
    if intent["status"] == "succeeded":
        for payment in invoice_payments.of_invoice(call, invoice):
            if payment["payment"]["payment_intent"] == intent["id"] and payment["status"] == "open":
                invoice_payments.paid(call, payment)
        _paid(call, invoice, amount=intent["amount_received"])
    elif intent["status"] == "requires_action":
        call.emit("invoice.payment_action_required", invoice)
    else:
        _failed(call, invoice, intent)
    return intent


def _failed(call: Call, invoice: Object, intent: Object) -> None:
    if invoice["collection_method"] == "charge_automatically":
        call.change(invoice, "invoice.updated", next_payment_attempt=call.now + RETRY_SECONDS)
    call.emit("invoice.payment_failed", invoice)
    if (intent["last_payment_error"] or {}).get("code") == "authentication_required":
        call.emit("invoice.payment_action_required", invoice)
    _told(call, invoice)


def _paid(call: Call, invoice: Object, *, amount: int) -> Object:
    call.change(
        invoice,
        "invoice.updated",
        amount_paid=amount,
        amount_remaining=0,
        next_payment_attempt=None,
        status="paid",
        status_transitions=invoice["status_transitions"] | {"paid_at": call.now},
    )
    call.emit("invoice.paid", invoice)
    call.emit("invoice.payment_succeeded", invoice)
    _told(call, invoice)
    return invoice


def paid_elsewhere(call: Call, invoice: Object) -> Object:
    """Marked as paid outside Stripe: no intent, no charge, nothing in the journal."""
    for payment in invoice_payments.of_invoice(call, invoice):
        _give_up(call, payment)
    return _paid(call, invoice, amount=invoice["amount_due"])


def closed(call: Call, invoice: Object, status: str) -> Object:
    """An open invoice that nobody is to pay: `void` or `uncollectible`."""
    allowed = ("open", "uncollectible") if status == "void" else ("open",)
    if invoice["status"] not in allowed:
        raise invalid(f"You can only pass in open invoices. This invoice isn't open: it is {invoice['status']}.")
    if status == "void":
        for payment in invoice_payments.of_invoice(call, invoice):
            _give_up(call, payment)
    name, event = {
        "void": ("voided_at", "invoice.voided"),
        "uncollectible": ("marked_uncollectible_at", "invoice.marked_uncollectible"),
    }[status]
    moments = invoice["status_transitions"] | {name: call.now}
    call.change(invoice, status=status, next_payment_attempt=None, status_transitions=moments)
    call.emit(event, invoice)
    return invoice


def _give_up(call: Call, payment: Object) -> None:
    if payment["status"] != "open":
        return
    intent = call.get("payment_intent", payment["payment"]["payment_intent"])
    if intent["status"] in payment_intents.CONFIRMABLE:
        payment_intents.cancelled(call, intent, "void_invoice")
    invoice_payments.cancelled(call, payment)


def _told(call: Call, invoice: Object) -> None:
    for heard in ON_CHANGE:
        heard(call, invoice)
