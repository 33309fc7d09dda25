"""How a product takes money: the `[top_up]` table of its file with packs, plans, tax rates and exchange rates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from django.conf import settings

from billing.models import PaymentProvider
from usage.services.products.tables import Table
from usage.services.products.tax_table import TaxSpec, read_tax

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TopUpSpec:
    """What `billing.TopUpTerms` takes from the file."""

    minimum: Decimal
    maximum: Decimal
    choices: list[Decimal]
    providers: list[str]
    price_currency: str
    unit_price: Decimal
    offers_auto_top_up: bool
    cooling_minutes: int
    refund_months: int
    bank_details: str


@dataclass(frozen=True, slots=True)
class PackSpec:
    """So many credits for a price, before tax."""

    amount: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class PlanSpec:
    """A monthly allotment for a price, before tax."""

    name: str
    allotment: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class ExchangeSpec:
    """What one `base` costs in `quote` from a day on."""

    base: str
    quote: str
    rate: Decimal
    valid_from: date


@dataclass(frozen=True, slots=True)
class MoneySpec:
    """The whole table."""

    terms: TopUpSpec
    packs: tuple[PackSpec, ...]
    plans: tuple[PlanSpec, ...]
    taxes: tuple[TaxSpec, ...]
    exchange_rates: tuple[ExchangeSpec, ...]


def read_money(table: Table, currency: str) -> MoneySpec:
    """The product's `[top_up]` table. Raises ProductFileError."""
    terms = TopUpSpec(
        minimum=table.number("minimum"),
        maximum=table.number("maximum"),
        choices=[Decimal(text) for text in table.texts("choices")],
        providers=list(table.texts("providers", PaymentProvider.values)),
        price_currency=table.choice("price_currency", settings.CURRENCIES, currency),
        unit_price=table.number("unit_price", "1"),
        offers_auto_top_up=table.flag("auto_top_up", False),
        cooling_minutes=table.whole("cooling_minutes", 60),
        refund_months=table.whole("refund_months", 12),
        bank_details=table.text("bank_details", "-").removeprefix("-"),
    )
    _check(table, terms, currency)
    money = MoneySpec(
        terms=terms,
        packs=_all(table, "packs", lambda row: PackSpec(row.number("amount"), row.number("price"))),
        plans=_all(
            table, "plans", lambda row: PlanSpec(row.text("name"), row.number("allotment"), row.number("price"))
        ),
        taxes=_all(table, "taxes", read_tax),
        exchange_rates=_all(table, "exchange_rates", _exchange_rate),
    )
    table.done()
    return money


def _check(table: Table, terms: TopUpSpec, currency: str) -> None:
    if terms.price_currency == "CREDIT":
        raise table.error("price_currency", "must be money: credits are sold for it.")
    if currency != terms.price_currency and currency != "CREDIT":
        raise table.error("price_currency", f"must be {currency}: only credits are sold for another currency.")
    if currency == terms.price_currency and terms.unit_price != 1:
        raise table.error("unit_price", "must be 1: money is not sold at another price.")
    if not terms.providers:
        raise table.error("providers", "is required: nobody could pay.")
    if "bank" in terms.providers and not terms.bank_details:
        raise table.error("bank_details", "is required: whoever transfers money must know where to.")
    if terms.minimum <= 0 or terms.maximum < terms.minimum:
        raise table.error("minimum", "must be above 0 and not above the maximum.")
    if terms.choices != sorted(terms.choices) or any(
        not terms.minimum <= choice <= terms.maximum for choice in terms.choices
    ):
        raise table.error("choices", "must rise, from the minimum to the maximum.")


def _all(table: Table, name: str, read: Callable[[Table], T]) -> tuple[T, ...]:
    found = []
    for row in table.tables(name):
        found.append(read(row))
        row.done()
    return tuple(found)


def _exchange_rate(row: Table) -> ExchangeSpec:
    return ExchangeSpec(
        base=row.choice("base", settings.CURRENCIES),
        quote=row.choice("quote", settings.CURRENCIES),
        rate=row.number("rate"),
        valid_from=row.moment("valid_from").date(),
    )
