"""Writing how a product takes money: its terms follow the file; what staff keep dated is only added to.

A pack or a plan that the file no longer has goes off sale. A tax or exchange rate is made where it is missing and then
staff's to change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from django.db import models

from billing.models import CreditPack, ExchangeRate, Plan, TaxRate, TopUpTerms
from organizations.models import Product
from usage.services.products.money_table import MoneySpec
from usage.services.products.tax_table import TaxSpec

Follow = Callable[[models.Model, dict[str, Any]], bool]


def load_money(*, product: Product, money: MoneySpec, follow: Follow) -> bool:
    """Bring the rows to what the file says; whether anything changed. `follow` saves the values that differ."""
    currencies = {"currency": product.currency, "price_currency": money.terms.price_currency}
    values = asdict(money.terms) | currencies
    terms, changed = TopUpTerms.objects.get_or_create(product=product, defaults=values)
    changed = changed or follow(terms, values)
    for pack in money.packs:
        values = {"price": pack.price, "is_active": True, **currencies}
        row, created = CreditPack.objects.get_or_create(product=product, amount=pack.amount, defaults=values)
        changed |= created or follow(row, values)
    for plan in money.plans:
        values = {"allotment": plan.allotment, "price": plan.price, "is_active": True, **currencies}
        plan_row, created = Plan.objects.get_or_create(product=product, name=plan.name, defaults=values)
        changed |= created or follow(plan_row, values)
    gone = CreditPack.objects.filter(product=product, is_active=True).exclude(
        amount__in=[p.amount for p in money.packs]
    )
    changed |= bool(gone.update(is_active=False))
    off_sale = Plan.objects.filter(product=product, is_active=True).exclude(name__in=[p.name for p in money.plans])
    changed |= bool(off_sale.update(is_active=False))
    changed |= load_taxes(money.taxes, product=product)
    for exchange in money.exchange_rates:
        known = asdict(exchange)
        rate = known.pop("rate")
        changed |= ExchangeRate.objects.get_or_create(**known, defaults={"rate": rate})[1]
    return changed


def load_taxes(taxes: Iterable[TaxSpec], *, product: Product | None = None) -> bool:
    """Make the rates that are missing, of one product or of all; those that are there are staff's to change."""
    changed = False
    for tax in taxes:
        known = asdict(tax)
        percent = known.pop("percent")
        changed |= TaxRate.objects.get_or_create(product=product, **known, defaults={"percent": percent})[1]
    return changed
