"""A product's terms: what its page promises, as settings that staff may change."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from billing.models import ProductTerms
from organizations.admin.amounts import AmountField, CurrencyAmountsForm, money_column
from organizations.admin.base import BackOfficeAdmin

AMOUNTS = ("floor", "hold", "cost_per_minute", "welcome_bonus", "monthly_allotment")


def _amount(name: str, **kwargs: Any) -> AmountField:
    field = ProductTerms._meta.get_field(name)
    return AmountField(label=field.verbose_name, help_text=field.help_text, **kwargs)


class ProductTermsForm(CurrencyAmountsForm):
    """The terms; amounts are in the product's currency."""

    floor = _amount("floor")
    hold = _amount("hold")
    cost_per_minute = _amount("cost_per_minute")
    welcome_bonus = _amount("welcome_bonus")
    monthly_allotment = _amount("monthly_allotment")
    daily_cap = _amount("daily_cap", required=False, minimum=None, above=Decimal(0))

    class Meta:
        model = ProductTerms
        fields = (
            "product",
            "on_exhaustion",
            "hold_seconds",
            "max_call_seconds",
            "welcome_bonus_days",
            "concurrency_limit",
            "event_window_days",
            *AMOUNTS,
            "daily_cap",
        )
        help_texts: ClassVar[dict[str, str]] = {
            "product": "Whose terms these are.",
            "on_exhaustion": "What becomes of a call in progress when the money ends.",
        }


@admin.register(ProductTerms)
class ProductTermsAdmin(BackOfficeAdmin):
    """Terms of all products."""

    form = ProductTermsForm
    list_display = (
        "product",
        "currency",
        money_column("floor", "floor"),
        money_column("hold", "hold"),
        "on_exhaustion",
        money_column("welcome_bonus", "welcome bonus"),
        money_column("monthly_allotment", "monthly allotment"),
    )
    list_filter = (("on_exhaustion", ChoicesDropdownFilter),)
    list_select_related = ("product",)
    search_fields = ("product__name", "product__slug")
    autocomplete_fields = ("product",)
    fieldsets = (
        (None, {"fields": ("product",)}),
        (
            "When a call may start",
            {"fields": (("floor", "hold"), ("cost_per_minute", "on_exhaustion"), ("hold_seconds", "max_call_seconds"))},
        ),
        (
            "What a new account gets",
            {
                "fields": (
                    ("welcome_bonus", "welcome_bonus_days"),
                    "monthly_allotment",
                    ("daily_cap", "concurrency_limit"),
                )
            },
        ),
        ("Usage events", {"fields": ("event_window_days",)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: ProductTerms | None = None) -> tuple[str, ...]:
        """Terms stay with their product."""
        return ("product",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: ProductTerms, form: Any, change: bool) -> None:
        """Save in the product's currency."""
        obj.currency = obj.product.currency
        super().save_model(request, obj, form, change)
