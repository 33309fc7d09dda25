"""A wallet on one screen: balances that add up, grants, holds, last transactions, and its settings below.

The form saves the settings and nothing else: the cached balances belong to `billing.services.ledger`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.admin.list_export import ListExport
from billing.admin.wallet_actions import WalletActions
from billing.admin.wallet_panels import available, balance, wallet_panels
from billing.models import Wallet
from billing.services import calls, grants
from organizations.admin.amounts import AmountField, CurrencyAmountsForm, amount_html, money_column
from organizations.admin.panels import Panel, badge

CREDIT_LIMIT = money_column("credit_limit", "credit limit")
SETTINGS = (
    "is_frozen",
    "daily_cap",
    "concurrency_limit",
    "alert_below",
    "monthly_allotment",
    "allotment_anchor",
)


class WalletForm(CurrencyAmountsForm):
    """The settings of a wallet."""

    daily_cap = AmountField.of(Wallet, "daily_cap", required=False, minimum=None, above=Decimal(0))
    alert_below = AmountField.of(Wallet, "alert_below", required=False, minimum=None, above=Decimal(0))
    monthly_allotment = AmountField.of(Wallet, "monthly_allotment", required=False, empty=Decimal(0))

    class Meta:
        model = Wallet
        fields = SETTINGS
        help_texts: ClassVar[dict[str, str]] = {
            "allotment_anchor": "The day the billing cycle began; the allotment starts anew on its day of each month. "
            "Empty: the day the first allotment is given.",
        }

    def clean_concurrency_limit(self) -> int | None:
        """At least one call, or no limit."""
        limit: int | None = self.cleaned_data["concurrency_limit"]
        if limit == 0:
            raise forms.ValidationError("Write 1 or more, or leave it empty. To stop all calls, freeze the wallet.")
        return limit


@admin.register(Wallet)
class WalletAdmin(ListExport, WalletActions):
    """Wallets of all accounts."""

    export_columns: ClassVar = {
        "account": "account__name",
        "account_id": "account__external_id",
        "email": "account__email",
        "product": "account__product__name",
        "status": "account__status",
        "mode": "mode",
        "paid": "paid",
        "promo": "promo",
        "allotment": "allotment",
        "owed": "debt",
        "held": "held",
        "credit_limit": "credit_limit",
        "currency": "currency",
    }
    export_related = ("account__product",)
    form = WalletForm
    asks_recent_sign_in = True  # an allotment is money, each month
    list_display = (
        "account",
        "product",
        "mode",
        "shown_available",
        "shown_balance",
        money_column("held", "held"),
        "held_calls",
        "state",
    )
    list_filter = (
        ("account__product", RelatedDropdownFilter),
        ("mode", ChoicesDropdownFilter),
        "is_frozen",
        "is_overdue",
    )
    list_select_related = ("account__product",)
    ordering = ("-id",)
    search_fields = ("account__name", "account__external_id", "account__email")
    fieldsets = (
        ("How it pays", {"fields": (("mode", CREDIT_LIMIT), ("is_overdue", "is_frozen"))}),
        ("Limits", {"fields": (("daily_cap", "concurrency_limit"), "alert_below")}),
        ("Monthly allotment", {"fields": (("monthly_allotment", "allotment_anchor"), "allotment_resets_at")}),
    )
    readonly_fields = ("mode", CREDIT_LIMIT, "is_overdue", "allotment_resets_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: a wallet is opened with its account."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Wallet]:
        """Wallets with their account and product."""
        return super().get_queryset(request).select_related("account__product__terms")

    @display(description="product", ordering="account__product__name")
    def product(self, obj: Wallet) -> str:
        """The product's name."""
        return str(obj.account.product)

    @display(description="available")
    def shown_available(self, obj: Wallet) -> SafeString:
        """What calls may still spend."""
        return amount_html(available(obj), obj.currency)

    @display(description="balance")
    def shown_balance(self, obj: Wallet) -> SafeString:
        """The customer's money, debt taken off."""
        return amount_html(balance(obj), obj.currency)

    @display(description="state")
    def state(self, obj: Wallet) -> SafeString | str:
        """What stops calls, if anything does."""
        marks = [("Frozen", obj.is_frozen), ("Overdue", obj.is_overdue), ("Suspended", obj.account.status != "active")]
        shown = [badge(text, "bad") for text, holds in marks if holds]
        return format_html("{}" * len(shown), *shown) if shown else ""

    def panels(self, request: HttpRequest, obj: Wallet) -> list[Panel]:
        """Everything about the wallet's money."""
        return wallet_panels(obj)

    def save_model(self, request: HttpRequest, obj: Wallet, form: forms.ModelForm, change: bool) -> None:
        """Save the settings that were changed; a first allotment is given at once, and services hear of calls."""
        super().save_model(request, obj, form, change)
        calls.settle_settings(wallet_id=obj.pk)
        if (
            obj.monthly_allotment.amount > 0
            and obj.allotment_resets_at is None
            and grants.start_cycle(wallet_id=obj.pk)
        ):
            messages.info(request, "The first allotment was given now; the next follows on the cycle date.")
