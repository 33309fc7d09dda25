"""A product's terms: what its page promises, as settings that staff may change."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from billing.models import ApprovalLimit, ProductTerms
from billing.services import calls
from organizations.admin.amounts import AmountField, CurrencyAmountsForm, amount_html, money_column
from organizations.admin.base import BackOfficeAdmin
from organizations.admin.panels import Column, Panel, moment

LIMITS_SHOWN = 10
AMOUNTS = ("floor", "hold", "cost_per_minute", "welcome_bonus", "monthly_allotment")


class ProductTermsForm(CurrencyAmountsForm):
    """The terms; amounts are in the product's currency."""

    floor = AmountField.of(ProductTerms, "floor")
    hold = AmountField.of(ProductTerms, "hold")
    cost_per_minute = AmountField.of(ProductTerms, "cost_per_minute")
    welcome_bonus = AmountField.of(ProductTerms, "welcome_bonus")
    monthly_allotment = AmountField.of(ProductTerms, "monthly_allotment")
    daily_cap = AmountField.of(ProductTerms, "daily_cap", required=False, minimum=None, above=Decimal(0))
    approval_limit = AmountField.of(ProductTerms, "approval_limit", required=False)

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
            "approval_limit",
        )
        help_texts: ClassVar[dict[str, str]] = {
            "product": "Whose terms these are.",
            "on_exhaustion": "What becomes of a call in progress when the money ends.",
        }


@admin.register(ProductTerms)
class ProductTermsAdmin(BackOfficeAdmin):
    """Terms of all products."""

    asks_recent_sign_in = True  # they say how much one person may move alone
    form = ProductTermsForm
    list_display = (
        "product",
        "currency",
        money_column("floor", "floor"),
        money_column("hold", "hold"),
        "on_exhaustion",
        money_column("welcome_bonus", "welcome bonus"),
        money_column("monthly_allotment", "monthly allotment"),
        money_column("approval_limit", "one person's limit"),
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
        ("What one person of the staff may do alone", {"fields": ("approval_limit",)}),
        ("Usage events", {"fields": ("event_window_days",)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: ProductTerms | None = None) -> tuple[str, ...]:
        """Terms stay with their product."""
        return ("product",) if obj is not None else ()

    def panels(self, request: HttpRequest, obj: ProductTerms) -> list[Panel]:
        """What one person might do alone, over time."""
        limits = ApprovalLimit.objects.filter(product_id=obj.pk).order_by("-id")[:LIMITS_SHOWN]
        rows = [
            (moment(one.since), "no limit" if one.limit is None else amount_html(one.limit, obj.currency))
            for one in limits
        ]
        columns = (Column("Since (UTC)"), Column("One person's limit", True))
        empty = "No limit was ever set: one person may move any sum alone. Set one below."
        return [Panel("Limit above which a second person approves", columns, rows, empty=empty)]

    def save_model(self, request: HttpRequest, obj: ProductTerms, form: Any, change: bool) -> None:
        """Save in the product's currency; a floor that moved stops calls or lets them start at once."""
        if not change:
            obj.currency = obj.product.currency
        super().save_model(request, obj, form, change)
        if change and "floor" in form.changed_data:
            calls.settle_due()
