"""Products and prices, as far as Checkout and subscriptions name them: one amount per unit, once or each period."""

from __future__ import annotations

from typing import Any

from tests.fakes.stripe.errors import invalid, missing_parameter
from tests.fakes.stripe.expansion import included
from tests.fakes.stripe.listing import list_shape, listed, page
from tests.fakes.stripe.parameters import Shape, boolean, clearable, currency, integer, merged, metadata, one_of, text
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object
from tests.fakes.stripe.world import Call

TAX = one_of("exclusive", "inclusive", "unspecified")
RECURRING = Shape(("interval",), interval=one_of("day", "week", "month", "year"), interval_count=integer)
PRODUCT_DATA = Shape(("name",), description=text, metadata=metadata, name=text, unit_label=text)
PRICE_DATA = Shape(
    ("currency",),
    currency=currency,
    product=text,
    product_data=PRODUCT_DATA,
    recurring=RECURRING,
    tax_behavior=TAX,
    unit_amount=integer,
)
PRODUCT_UPDATE = Shape(active=boolean, description=clearable, metadata=metadata, name=text, unit_label=clearable)
PRODUCT_CREATE = Shape(
    ("name",), active=boolean, description=text, id=text, metadata=metadata, name=text, unit_label=text
)
PRICE_UPDATE = Shape(active=boolean, lookup_key=clearable, metadata=metadata, nickname=clearable)
PRICE_CREATE = PRICE_DATA | Shape(active=boolean, lookup_key=text, metadata=metadata, nickname=text)


def made_product(call: Call, **values: Any) -> Object:
    """A new product."""
    defaults: Object = {
        "active": True,
        "default_price": None,
        "description": None,
        "images": [],
        "marketing_features": [],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": call.now,
        "url": None,
    }
    values["metadata"] = merged({}, values.get("metadata", {}))
    product = call.new("product", "prod", **(defaults | values))
    call.emit("product.created", product)
    return product


def made_price(call: Call, *, naming: str = "{}", **values: Any) -> Object:
    """A new price, with a new product if `product_data` describes one."""
    if "unit_amount" not in values:
        raise missing_parameter(naming.format("unit_amount"))
    if values["unit_amount"] < 0:
        message = "This value must be greater than or equal to 0."
        raise invalid(message, param=naming.format("unit_amount"), code="parameter_invalid_integer")
    described, named = values.pop("product_data", None), values.pop("product", None)
    if bool(described) == bool(named):
        message = "You must specify either `product` or `product_data` when creating a price."
        raise invalid(message, param=naming.format("product"))
    product = call.get("product", named, param=naming.format("product")) if named else made_product(call, **described)
    recurring = values.pop("recurring", None)
    if recurring:
        recurring = {
            "interval_count": 1,
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        } | recurring
    defaults = {
        "active": True,
        "billing_scheme": "per_unit",
        "custom_unit_amount": None,
        "lookup_key": None,
        "nickname": None,
        "product": product["id"],
        "recurring": recurring,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount_decimal": str(values["unit_amount"]),
    }
    values["metadata"] = merged({}, values.get("metadata", {}))
    price = call.new("price", "price", **(defaults | values))
    call.emit("price.created", price)
    return price


def create_product(call: Call) -> Object:
    """A product."""
    given = {key: value for key, value in call.params.items() if key != "expand"}
    if "id" in given and call.store.get(given["id"]):
        raise invalid("Product already exists.", param="id", code="resource_already_exists")
    return made_product(call, **given)


def create_price(call: Call) -> Object:
    """A price."""
    return made_price(call, **{key: value for key, value in call.params.items() if key != "expand"})


def _updated(call: Call, value: Object) -> Object:
    given = {key: each for key, each in call.params.items() if key != "expand"}
    if "metadata" in given:
        given["metadata"] = merged(value["metadata"], given["metadata"])
    return call.change(value, f"{value['object']}.updated", **given)


def update_product(call: Call, id: str) -> Object:
    """Change a product's words, or switch it off."""
    return _updated(call, call.get("product", id))


def update_price(call: Call, id: str) -> Object:
    """Change a price's words, or switch it off; its amount never changes."""
    return _updated(call, call.get("price", id))


def retrieve_product(call: Call, id: str) -> Object:
    """One product."""
    return call.get("product", id)


def retrieve_price(call: Call, id: str) -> Object:
    """One price."""
    return call.get("price", id)


def list_products(call: Call) -> Object:
    """All products."""
    return listed(call, "product", "/v1/products", active=call.params.get("active"))


def list_features(call: Call, id: str) -> Object:
    """A product's features, of which none can be made here."""
    call.get("product", id)
    return page(call, [], kind="product_feature", url=f"/v1/products/{id}/features")


def list_prices(call: Call) -> Object:
    """Prices, by product, currency or whether they are active."""
    wanted = {name: call.params.get(name) for name in ("active", "currency", "product")}
    return listed(call, "price", "/v1/prices", **wanted)


@included("price", "currency_options")
def currency_options(call: Call, price: Object) -> Object:
    """A price is in one currency."""
    amount = {"unit_amount": price["unit_amount"], "unit_amount_decimal": price["unit_amount_decimal"]}
    return {price["currency"]: amount | {"custom_unit_amount": None, "tax_behavior": price["tax_behavior"]}}


@included("price", "tiers")
def tiers(call: Call, price: Object) -> None:
    """A price has no tiers."""


ROUTES = [
    Route("POST", "/v1/products", create_product, PRODUCT_CREATE),
    Route("GET", "/v1/products", list_products, list_shape(active=boolean)),
    Route("GET", "/v1/products/{id}", retrieve_product),
    Route("POST", "/v1/products/{id}", update_product, PRODUCT_UPDATE),
    Route("GET", "/v1/products/{id}/features", list_features, list_shape(by_creation=False)),
    Route("POST", "/v1/prices", create_price, PRICE_CREATE),
    Route("GET", "/v1/prices", list_prices, list_shape("product", active=boolean, currency=currency)),
    Route("GET", "/v1/prices/{id}", retrieve_price),
    Route("POST", "/v1/prices/{id}", update_price, PRICE_UPDATE),
]
