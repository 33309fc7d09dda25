"""Packs: so many credits for a price of their own (atllasx.md, 'Purchasing Additional Credits')."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import RelatedDropdownFilter

from billing.admin.priced import PricedForm
from billing.models import CreditPack
from organizations.admin.amounts import AmountField, money_column
from organizations.admin.base import BackOfficeAdmin


class CreditPackForm(PricedForm):
    """A pack."""

    amount = AmountField.of(CreditPack, "amount", minimum=None, above=Decimal(0))
    price = AmountField.of(CreditPack, "price", minimum=None, above=Decimal(0))

    class Meta:
        model = CreditPack
        fields = ("product", "amount", "price", "is_active")
        help_texts: ClassVar[dict[str, str]] = {
            "product": "Whose customers may buy it.",
            "is_active": "Off: this amount costs the price of a single unit times the amount again.",
        }


@admin.register(CreditPack)
class CreditPackAdmin(BackOfficeAdmin):
    """Packs of all products. A top-up keeps the price it began with."""

    form = CreditPackForm
    asks_recent_sign_in = True  # it is a price
    list_display = (money_column("amount", "amount"), "product", money_column("price", "price"), "is_active")
    list_filter = (("product", RelatedDropdownFilter), "is_active")
    list_select_related = ("product",)
    search_fields = ("product__name", "product__slug")
    autocomplete_fields = ("product",)

    def get_readonly_fields(self, request: HttpRequest, obj: CreditPack | None = None) -> tuple[str, ...]:
        """A pack stays with its product."""
        return ("product",) if obj is not None else ()
