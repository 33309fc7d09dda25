"""Invoices over the API: drafted, finalized, sent, paid, voided. Their life is in `invoicing`."""

from __future__ import annotations

from tests.fakes.stripe import customers, invoice_items, invoice_payments, invoicing, payment_methods, payments
from tests.fakes.stripe.errors import invalid, missing_parameter
from tests.fakes.stripe.expansion import included
from tests.fakes.stripe.listing import list_shape, listed, page
from tests.fakes.stripe.parameters import Shape, boolean, clearable, currency, integer, merged, metadata, one_of, text
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object
from tests.fakes.stripe.world import Call

DAY_SECONDS = 24 * 3600
METHOD = one_of("charge_automatically", "send_invoice")
STATUS = one_of("draft", "open", "paid", "uncollectible", "void")
CHANGEABLE = Shape(
    auto_advance=boolean,
    collection_method=METHOD,
    days_until_due=integer,
    default_payment_method=text,
    description=clearable,
    due_date=integer,
    footer=clearable,
    metadata=metadata,
)
CREATE = CHANGEABLE | Shape(
    ("customer",),
    currency=currency,
    customer=text,
    pending_invoice_items_behavior=one_of("exclude", "include"),
)
PAY = Shape(off_session=boolean, paid_out_of_band=boolean, payment_method=text)


def create(call: Call) -> Object:
    """A draft; the customer's waiting items come onto it only when asked for."""
    given = {key: value for key, value in call.params.items() if key != "expand"}
    customer = customers.live_one(call, given.pop("customer"))
    pending = given.pop("pending_invoice_items_behavior", "exclude")
    code = given.pop("currency", None) or customer["currency"] or "usd"
    given["metadata"] = merged({}, given.get("metadata", {}))
    values = _dated(call, given, given.get("collection_method", "charge_automatically"))
    invoice = invoicing.made(call, customer, currency=code, **values)
    if pending == "include":
        invoice_items.put(call, invoice, invoice_items.waiting(call, customer["id"], code))
    return invoice


def _dated(call: Call, given: Object, collection: str) -> Object:
    """The fields given, with `due_date` for `days_until_due`."""
    values = dict(given)
    days, due = values.pop("days_until_due", None), values.get("due_date")
    if collection == "charge_automatically":
        if days is not None or due is not None:
            message = "You can only set `days_until_due` or `due_date` if `collection_method` is set to `send_invoice`."
            raise invalid(message, param="due_date" if days is None else "days_until_due")
        return values
    if days is not None and due is not None:
        raise invalid("You may only specify one of these parameters: days_until_due, due_date.", param="due_date")
    if days is None and due is None:
        raise missing_parameter("days_until_due")
    return values | {"due_date": due if days is None else call.now + days * DAY_SECONDS}


def update(call: Call, id: str) -> Object:
    """Change a draft; of a finalized one only the metadata and whether it advances."""
    invoice = call.get("invoice", id)
    given = {key: value for key, value in call.params.items() if key != "expand"}
    if invoice["status"] != "draft" and set(given) - {"auto_advance", "metadata"}:
        raise invalid("Finalized invoices can't be updated in this way", code="invoice_not_editable")
    if "metadata" in given:
        given["metadata"] = merged(invoice["metadata"], given["metadata"])
    if {"collection_method", "days_until_due", "due_date"} & set(given):
        collection: str = (invoice | given)["collection_method"]
        given = _dated(call, given, collection)
    return call.change(invoice, "invoice.updated", **given)


def delete(call: Call, id: str) -> Object:
    """Forget a draft; its items wait for the next one."""
    invoice = call.get("invoice", id)
    if invoice["status"] != "draft":
        raise invalid("You can only delete draft invoices.")
    for item in call.store.find("invoiceitem", livemode=call.livemode, invoice=id):
        call.change(item, invoice=None)
    call.store.remove(id)
    call.emit("invoice.deleted", invoice)
    return {"id": id, "object": "invoice", "deleted": True}


def finalize(call: Call, id: str) -> Object:
    """From draft to open."""
    return invoicing.finalized(call, call.get("invoice", id))


def send(call: Call, id: str) -> Object:
    """By e-mail to the customer; a draft is finalized first."""
    invoice = call.get("invoice", id)
    if invoice["collection_method"] != "send_invoice":
        raise invalid("You can only manually send an invoice if its collection method is 'send_invoice'.")
    if not invoice["customer_email"]:
        message = (
            "Missing email. In order to create invoices that are sent to the customer, the customer must have a valid "
            "email."
        )
        raise invalid(message, code="customer_missing_email")
    if invoice["status"] == "draft":
        invoicing.finalized(call, invoice)
    if invoice["status"] not in ("open", "paid"):
        raise invalid(f"You can't send an invoice that is {invoice['status']}.")
    call.emit("invoice.sent", invoice)
    return invoice


def pay(call: Call, id: str) -> Object:
    """Now, with this card or the one it has; or `paid_out_of_band`."""
    invoice = call.get("invoice", id)
    if invoice["status"] == "draft":
        invoicing.finalized(call, invoice)
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid(f"This invoice is {invoice['status']} and can't be paid.", code="invoice_not_open")
    if call.params.get("paid_out_of_band"):
        return invoicing.paid_elsewhere(call, invoice)
    named = call.params.get("payment_method")
    method = payment_methods.usable(call, named, invoice["customer"]) if named else invoicing.card_of(call, invoice)
    if method is None:
        raise invalid(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set a default payment "
            "method.",
            code="resource_missing",
        )
    intent = invoicing.attempt(call, invoice, method, off_session=call.params.get("off_session", True))
    payments.raise_if_declined(intent)
    return call.get("invoice", id)


def void(call: Call, id: str) -> Object:
    """Nobody is to pay it; its number stays used."""
    return invoicing.closed(call, call.get("invoice", id), "void")


def mark_uncollectible(call: Call, id: str) -> Object:
    """Nobody will pay it."""
    return invoicing.closed(call, call.get("invoice", id), "uncollectible")


def retrieve(call: Call, id: str) -> Object:
    """One invoice."""
    return call.get("invoice", id)


def list_lines(call: Call, id: str) -> Object:
    """The lines of an invoice."""
    return page(call, call.get("invoice", id)["lines"]["data"], kind="line_item", url=f"/v1/invoices/{id}/lines")


def list_all(call: Call) -> Object:
    """By customer, subscription, status or collection method."""
    wanted = {name: call.params.get(name) for name in ("collection_method", "customer", "status")}
    wanted["parent__subscription_details__subscription"] = call.params.get("subscription")
    return listed(call, "invoice", "/v1/invoices", **wanted)


@included("invoice", "payments")
def payments_of(call: Call, invoice: Object) -> Object:
    """The payments of an invoice, newest first."""
    found = invoice_payments.of_invoice(call, invoice)
    url = f"/v1/invoices/{invoice['id']}/payments"
    return {"object": "list", "data": found[:10], "has_more": len(found) > 10, "url": url}


LIST = list_shape("customer", "subscription", collection_method=METHOD, status=STATUS)
ROUTES = [
    Route("POST", "/v1/invoices", create, CREATE),
    Route("GET", "/v1/invoices", list_all, LIST),
    Route("GET", "/v1/invoices/{id}", retrieve),
    Route("POST", "/v1/invoices/{id}", update, CHANGEABLE),
    Route("DELETE", "/v1/invoices/{id}", delete),
    Route("POST", "/v1/invoices/{id}/finalize", finalize, Shape(auto_advance=boolean)),
    Route("POST", "/v1/invoices/{id}/send", send),
    Route("POST", "/v1/invoices/{id}/pay", pay, PAY),
    Route("POST", "/v1/invoices/{id}/void", void),
    Route("POST", "/v1/invoices/{id}/mark_uncollectible", mark_uncollectible),
    Route("GET", "/v1/invoices/{id}/lines", list_lines, list_shape(by_creation=False)),
]
