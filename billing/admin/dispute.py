"""Disputes as staff see them: what a cardholder's bank took, when evidence is due, and the provider's own page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.admin.dispute_actions import DisputeActions
from billing.models import Dispute, PaymentProvider, Transaction
from organizations.admin.amounts import money_column, money_html
from organizations.admin.base import ReadOnlyMixin
from organizations.admin.panels import Column, Panel, link_to, moment

DASHBOARD = "https://dashboard.stripe.com"
COLOURS = {"Inquiry": "warning", "Opened": "danger", "Won": "success", "Lost": "danger"}


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyMixin, DisputeActions):
    """Disputes of all wallets. Evidence is given at the provider, whose word on the outcome is taken over here."""

    list_display = (
        "provider_reference",
        "opened_at",
        "wallet",
        money_column("charge_amount", "disputed"),
        money_column("amount", "of the credit"),
        "shown_reason",
        "shown_status",
        "evidence_due_at",
    )
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("wallet__account__product", RelatedDropdownFilter),
        ("wallet", AutocompleteSelectFilter),
    )
    date_hierarchy = "opened_at"
    ordering = ("-id",)
    list_select_related = ("wallet__account", "payment")
    search_fields = ("provider_reference", "payment__reference", "wallet__account__name", "wallet__account__email")
    search_help_text = "The provider's reference of the dispute or the payment, or the account"
    fields = (
        ("wallet", "payment", "shown_status"),
        (money_column("charge_amount", "disputed"), money_column("amount", "of the credit")),
        ("shown_reason", "froze_wallet"),
        ("opened_at", "evidence_due_at", "closed_at"),
        ("provider_reference", "at_the_provider"),
    )
    readonly_fields = ("shown_reason", "shown_status", "at_the_provider", *fields[1])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispute]:
        """Disputes with their account and payment."""
        return super().get_queryset(request).select_related("wallet__account", "payment")

    @display(description="status", ordering="status", label=COLOURS)
    def shown_status(self, obj: Dispute) -> str:
        """Where it stands."""
        return obj.get_status_display()

    @display(description="reason", ordering="reason")
    def shown_reason(self, obj: Dispute) -> str:
        """The provider's code of the reason, as words."""
        return obj.reason.replace("_", " ").capitalize()

    @display(description="at the provider")
    def at_the_provider(self, obj: Dispute) -> SafeString | str:
        """Where evidence is given."""
        if obj.payment.provider != PaymentProvider.STRIPE:
            return ""
        mode = "" if obj.payment.is_live else "/test"
        url = f"{DASHBOARD}{mode}/disputes/{obj.provider_reference}"
        return format_html('<a class="bo-link" href="{}" rel="noopener noreferrer">Open at Stripe</a>', url)

    def panels(self, request: HttpRequest, obj: Dispute) -> list[Panel]:
        """What it took from the wallet and gave back."""
        keys = Q(key__in=(f"dispute:{obj.pk}", f"reinstated:{obj.pk}")) | Q(key__startswith=f"dispute:{obj.pk}:")
        found = Transaction.objects.filter(keys, wallet_id=obj.wallet_id).order_by("number")
        rows: list[tuple[Any, ...]] = [
            (
                link_to(Transaction, one.pk, one),
                one.get_kind_display(),
                moment(one.created_at),
                money_html(one.amount, signed=True),
            )
            for one in found
        ]
        columns = (Column("Transaction"), Column("Kind"), Column("When (UTC)"), Column("Amount", True))
        return [Panel("Its movements", columns, rows, empty="It has taken nothing from the wallet.")]
