"""Invoice items: what is put on a draft, or waits for the customer's next one."""

from __future__ import annotations

from tests.fakes.stripe import customers, invoicing
from tests.fakes.stripe.errors import invalid, missing_parameter
from tests.fakes.stripe.listing import list_shape, listed
from tests.fakes.stripe.parameters import Shape, boolean, clearable, currency, integer, merged, metadata, text
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object
from tests.fakes.stripe.world import Call

CREATE = Shape(
    ("customer",),
    amount=integer,
    currency=currency,
    customer=text,
    description=clearable,
    invoice=text,
    metadata=metadata,
    period=Shape(("end", "start"), end=integer, start=integer),
    pricing=Shape(("price",), price=text),
    quantity=integer,
)


def create(call: Call) -> Object:
    """An amount in minor units, or a price that there is, times a quantity."""
    given = {key: value for key, value in call.params.items() if key != "expand"}
    customer = customers.live_one(call, given["customer"])
    quantity = given.get("quantity", 1)
    price = call.get("price", given["pricing"]["price"], param="pricing[price]") if "pricing" in given else None
    if (price is None) == ("amount" not in given):
        raise missing_parameter("amount")
    if price is None and "currency" not in given:
        raise missing_parameter("currency")
    draft = call.get("invoice", given["invoice"], param="invoice") if "invoice" in given else None
    code = price["currency"] if price else given["currency"]
    if draft and (draft["status"] != "draft" or draft["customer"] != customer["id"]):
        raise invalid("You can only add items to a draft invoice of the same customer.", param="invoice")
    if draft and draft["currency"] != code:
        raise invalid("The currency of the item must be that of the invoice.", param="currency")
    amount = price["unit_amount"] * quantity if price else given["amount"]
    pricing = {
        "type": "price_details",
        "price_details": {"price": price["id"], "product": price["product"]} if price else None,
        "unit_amount_decimal": str(price["unit_amount"] if price else amount // quantity),
    }
    item = call.new(
        "invoiceitem",
        "ii",
        amount=amount,
        currency=code,
        customer=customer["id"],
        customer_account=None,
        date=call.now,
        description=given.get("description"),
        discountable=True,
        discounts=[],
        invoice=draft and draft["id"],
        metadata=merged({}, given.get("metadata", {})),
        net_amount=amount,
        parent=None,
        period=given.get("period", {"start": call.now, "end": call.now}),
        pricing=pricing,
        proration=False,
        quantity=quantity,
        quantity_decimal=str(quantity),
        tax_rates=[],
        test_clock=None,
    )
    call.emit("invoiceitem.created", item)
    if draft:
        put(call, draft, [item])
    return item


def put(call: Call, invoice: Object, items: list[Object]) -> None:
    """Add items to a draft."""
    lines = [_line(invoice, each) for each in items]
    for each in items:
        call.change(each, invoice=invoice["id"])
    invoicing.with_lines(call, invoice, invoice["lines"]["data"] + lines)


def _line(invoice: Object, item: Object) -> Object:
    origin = {
        "invoice_item": item["id"],
        "proration": False,
        "proration_details": {"credited_items": None},
        "subscription": None,
    }
    parent = {"invoice_item_details": origin, "subscription_item_details": None, "type": "invoice_item_details"}
    period = (item["period"]["start"], item["period"]["end"])
    line = invoicing.line(
        invoice,
        amount=item["amount"],
        description=item["description"],
        metadata=item["metadata"],
        parent=parent,
        period=period,
        quantity=item["quantity"],
    )
    return line | {"pricing": item["pricing"]}


def waiting(call: Call, customer: str, currency: str) -> list[Object]:
    """The customer's items that are on no invoice yet, oldest first."""
    found = call.store.find("invoiceitem", livemode=call.livemode, newest_first=False, customer=customer)
    return [each for each in found if each["invoice"] is None and each["currency"] == currency]


def retrieve(call: Call, id: str) -> Object:
    """One item."""
    return call.get("invoiceitem", id)


def delete(call: Call, id: str) -> Object:
    """Forget an item; one of a draft leaves it."""
    item = call.get("invoiceitem", id)
    if item["invoice"]:
        invoice = call.get("invoice", item["invoice"])
        if invoice["status"] != "draft":
            raise invalid("This invoice is already finalized, its items can no longer be deleted.")
        kept = [each for each in invoice["lines"]["data"] if _origin(each) != id]
        invoicing.with_lines(call, invoice, kept)
    call.store.remove(id)
    call.emit("invoiceitem.deleted", item)
    return {"id": id, "object": "invoiceitem", "deleted": True}


def _origin(line: Object) -> str | None:
    details = line["parent"]["invoice_item_details"]
    return details and details["invoice_item"]


def list_all(call: Call) -> Object:
    """Items, by customer, by invoice, or those that wait."""
    wanted = {name: call.params.get(name) for name in ("customer", "invoice")}
    answer = listed(call, "invoiceitem", "/v1/invoiceitems", **wanted)
    if call.params.get("pending"):
        answer["data"] = [each for each in answer["data"] if each["invoice"] is None]
    return answer


ROUTES = [
    Route("POST", "/v1/invoiceitems", create, CREATE),
    Route("GET", "/v1/invoiceitems", list_all, list_shape("customer", "invoice", pending=boolean)),
    Route("GET", "/v1/invoiceitems/{id}", retrieve),
    Route("DELETE", "/v1/invoiceitems/{id}", delete),
]
