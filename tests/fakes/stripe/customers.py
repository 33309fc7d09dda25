"""Customers. A deleted one stays as `deleted: true`, its cards are gone, and nothing more can be done with it."""

from __future__ import annotations

from typing import Any

from tests.fakes.stripe.errors import invalid
from tests.fakes.stripe.expansion import included
from tests.fakes.stripe.listing import list_shape, listed
from tests.fakes.stripe.parameters import Shape, clearable, merged, metadata, one_of, text
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object
from tests.fakes.stripe.world import Call

ADDRESS = Shape(
    city=clearable, country=clearable, line1=clearable, line2=clearable, postal_code=clearable, state=clearable
)
FIELDS = Shape(
    address=ADDRESS,
    description=clearable,
    email=clearable,
    invoice_settings=Shape(default_payment_method=clearable),
    metadata=metadata,
    name=clearable,
    phone=clearable,
    tax_exempt=one_of("none", "exempt", "reverse"),
)
EMPTY_ADDRESS = dict.fromkeys(ADDRESS.fields)


def create(call: Call) -> Object:
    """A customer; every field may be missing."""
    given = dict(call.params)
    given.pop("expand", None)
    settings = given.pop("invoice_settings", {})
    if settings.get("default_payment_method"):
        raise invalid("The customer has no such payment method yet.", param="invoice_settings[default_payment_method]")
    values: dict[str, Any] = {
        "address": None,
        "balance": 0,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    values |= given
    values["metadata"] = merged({}, given.get("metadata", {}))
    if given.get("address"):
        values["address"] = EMPTY_ADDRESS | given["address"]
    customer = call.new("customer", "cus", **values)
    call.change(customer, invoice_prefix=customer["id"][-8:].upper())
    call.emit("customer.created", customer)
    return customer


def live_one(call: Call, id: str, *, param: str = "customer") -> Object:
    """A customer that a parameter names and that is not deleted."""
    customer = call.get("customer", id, param=param)
    if customer.get("deleted"):
        raise invalid(f"No such customer: '{id}'", param=param, code="resource_missing")
    return customer


def retrieve(call: Call, id: str) -> Object:
    """The customer; of a deleted one only that it is."""
    return _told(call.get("customer", id))


def _told(customer: Object) -> Object:
    if customer.get("deleted"):
        return {"id": customer["id"], "object": "customer", "deleted": True}
    return customer


def update(call: Call, id: str) -> Object:
    """Change what is given."""
    customer = live_one(call, id, param="id")
    given = {key: value for key, value in call.params.items() if key != "expand"}
    if "metadata" in given:
        given["metadata"] = merged(customer["metadata"], given["metadata"])
    if "address" in given:
        given["address"] = (EMPTY_ADDRESS | given["address"]) if given["address"] else None
    if "invoice_settings" in given:
        method = given["invoice_settings"].get("default_payment_method")
        if method and call.get("payment_method", method, param="payment_method")["customer"] != id:
            raise not_theirs(method)
        given["invoice_settings"] = customer["invoice_settings"] | given["invoice_settings"]
    return call.change(customer, "customer.updated", **given)


def not_theirs(method: str) -> Exception:
    """400: a card that is another customer's, or nobody's."""
    return invalid(
        f"The customer does not have a payment method with the ID {method}. "
        "The payment method must be attached to the customer.",
        param="payment_method",
        code="resource_missing",
    )


def delete(call: Call, id: str) -> Object:
    """Forget the customer and detach the cards."""
    customer = live_one(call, id, param="id")
    for method in call.store.find("payment_method", livemode=call.livemode, customer=id):
        call.change(method, customer=None, _spent=True)
    call.emit("customer.deleted", customer)
    call.change(customer, deleted=True)
    return _told(customer)


def list_all(call: Call) -> Object:
    """Customers that are not deleted."""
    answer = listed(call, "customer", "/v1/customers", email=call.params.get("email"))
    return answer | {"data": [each for each in answer["data"] if not each.get("deleted")]}


@included("customer", "sources")
def sources(call: Call, customer: Object) -> Object:
    """Legacy sources: there are none, cards are payment methods."""
    return {"object": "list", "data": [], "has_more": False, "url": f"/v1/customers/{customer['id']}/sources"}


ROUTES = [
    Route("POST", "/v1/customers", create, FIELDS),
    Route("GET", "/v1/customers", list_all, list_shape(email=text)),
    Route("GET", "/v1/customers/{id}", retrieve),
    Route("POST", "/v1/customers/{id}", update, FIELDS),
    Route("DELETE", "/v1/customers/{id}", delete),
]
