"""Refunds as staff see them: what is asked for, decided, on its way and done. Nobody edits one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.admin.list_export import ListExport
from billing.admin.refund_actions import RefundActions
from billing.admin.refundable import refundable_panel
from billing.models import Refund, Transaction
from organizations.admin.amounts import money_column, money_html
from organizations.admin.base import ReadOnlyMixin
from organizations.admin.panels import Column, Panel, link, link_to, moment

COLOURS = {
    "Requested": "warning",
    "Approved": "info",
    "On its way": "info",
    "Refunded": "success",
    "Failed": "danger",
}


@admin.register(Refund)
class RefundAdmin(ReadOnlyMixin, ListExport, RefundActions):
    """Refunds of all wallets: requests first of all wait for a decision."""

    export_columns: ClassVar = {
        "reference": "reference",
        "payment": "payment__reference",
        "account": "wallet__account__name",
        "account_id": "wallet__account__external_id",
        "product": "wallet__account__product__name",
        "status": "status",
        "amount": "amount",
        "currency": "currency",
        "total": "total",
        "tax": "tax",
        "price_currency": "price_currency",
        "reason": "reason",
        "created_at_utc": "created_at",
        "finished_at_utc": "finished_at",
    }
    export_related = ("wallet__account__product", "payment")
    list_display = (
        "id",
        "created_at",
        "wallet",
        money_column("amount", "off the balance"),
        money_column("charge_amount", "to the payer"),
        "payment",
        "shown_status",
        "reason",
    )
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("payment__provider", ChoicesDropdownFilter),
        "is_from_provider",
        ("wallet__account__product", RelatedDropdownFilter),
        ("wallet", AutocompleteSelectFilter),
    )
    date_hierarchy = "created_at"
    ordering = ("-id",)
    list_select_related = ("wallet__account", "payment")
    search_fields = (
        "reference",
        "provider_reference",
        "payment__reference",
        "wallet__account__name",
        "wallet__account__external_id",
        "wallet__account__email",
    )
    search_help_text = "A reference of the refund or its payment, or the account"
    fields = (
        ("wallet", "payment", "shown_status"),
        (money_column("amount", "off the balance"), money_column("charge_amount", "to the payer")),
        (money_column("total", "price with tax"), money_column("tax", "tax")),
        ("reason", "requested_by", "created_at"),
        ("decision", "decided_by", "decided_at"),
        ("provider_reference", "is_from_provider", "failure_message"),
        ("finished_at", "next_check_at", "checks"),
        ("reference", "request"),
    )
    readonly_fields = ("shown_status", "reference", *fields[1], *fields[2])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refund]:
        """Refunds with their account and payment."""
        return super().get_queryset(request).select_related("wallet__account", "payment")

    @display(description="status", ordering="status", label=COLOURS)
    def shown_status(self, obj: Refund) -> str:
        """Where it stands."""
        return obj.get_status_display()

    def panels(self, request: HttpRequest, obj: Refund) -> list[Panel]:
        """Its movements, what was asked together with it, and what is refundable now."""
        return [_movements(obj), _together(obj), refundable_panel(obj.wallet_id)]


def _movements(refund: Refund) -> Panel:
    keys = (f"refund:{refund.pk}", f"refund_back:{refund.pk}")
    found = Transaction.objects.filter(wallet_id=refund.wallet_id, key__in=keys).order_by("number")
    rows: list[tuple[Any, ...]] = [
        (link_to(Transaction, one.pk, one), one.get_kind_display(), moment(one.created_at),
         money_html(one.amount, signed=True))
        for one in found
    ]  # fmt: skip
    columns = (Column("Transaction"), Column("Kind"), Column("When (UTC)"), Column("Amount", True))
    return Panel("Its movements", columns, rows, empty="Nothing has moved: it was not approved.")


def _together(refund: Refund) -> Panel:
    others = Refund.objects.filter(request=refund.request).exclude(pk=refund.pk).order_by("pk")
    rows = [
        (link(one), one.payment_id, money_html(one.amount), one.get_status_display(), one.decision) for one in others
    ]
    columns = (Column("Refund"), Column("Payment"), Column("Amount", True), Column("Status"), Column("Decision"))
    return Panel("Asked for together with it", columns, rows, empty="It was asked for alone.")
