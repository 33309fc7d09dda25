"""Cards for the tests of the engine: one rate or a product's own file, no database."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

from usage.rating import CardVersion, FreeRule, Rate, Rated, rate
from usage.rating.types import CALL
from usage.services.products.files import read_product


@cache
def product_card(slug: str) -> CardVersion:
    """The rate card in a product's file."""
    return read_product(slug).card


def facts(**data: Any) -> dict[str, Any]:
    """An event's data as the API hands it to the engine: numbers as Decimal, flags and texts as they are."""
    return {name: _fact(value) for name, value in data.items()}


def _fact(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: Decimal(amount) for name, amount in value.items()}
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value


def price_of(component: str = "call", price: str | None = "1", **fields: Any) -> Rate:
    """A rate for calls; texts become the numbers they say."""
    numbers = ("per", "included", "first_increment", "increment", "units_per_increment", "minimum")
    for name in numbers:
        if name in fields:
            fields[name] = Decimal(fields[name])
    if "tiers" in fields:
        fields["tiers"] = tuple((Decimal(above), Decimal(next_price)) for above, next_price in fields["tiers"])
    return Rate(
        event_type=fields.pop("event_type", CALL),
        component=component,
        label=fields.pop("label", component.title()),
        unit=fields.pop("unit", "unit"),
        price=None if price is None else Decimal(price),
        **fields,
    )


def card(*rates: Rate, free: tuple[FreeRule, ...] = (), step: str = "0.001", **fields: Any) -> CardVersion:
    """A version of these rates, rounding half up to a tenth of a cent."""
    return CardVersion(rates=rates, free_rules=free, rounding_step=Decimal(step), **fields)


def rated(version: CardVersion, /, event_type: str = CALL, **data: Any) -> Rated:
    """What a completed phone call with this data costs."""
    base = {"channel": "phone", "status": "completed"} if event_type == CALL else {}
    return rate(version, event_type, facts(**{**base, **data}))


def amounts(result: Rated) -> dict[str, Decimal]:
    """Component to amount."""
    return {line.component: line.amount for line in result.lines}
