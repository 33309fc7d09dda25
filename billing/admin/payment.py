"""Payments as staff see them: money that arrived, what it credited and what has gone back. Nobody edits one."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.admin.list_export import ListExport
from billing.admin.refundable import PaymentActions, refundable_panel
from billing.models import Dispute, Payment, PaymentProvider, Refund
from billing.models.top_up import BANK_REFERENCE
from organizations.admin.amounts import money_column, money_html
from organizations.admin.base import ReadOnlyMixin
from organizations.admin.panels import Column, Panel, link, moment
from organizations.selectors import finding

SAFE_SCHEMES = ("https://", "http://")


@admin.register(Payment)
class PaymentAdmin(ReadOnlyMixin, ListExport, PaymentActions):
    """Payments of all wallets, by every provider."""

    export_columns: ClassVar = {
        "provider": "provider",
        "reference": "reference",
        "account": "wallet__account__name",
        "account_id": "wallet__account__external_id",
        "product": "wallet__account__product__name",
        "credited": "amount",
        "currency": "currency",
        "total": "total",
        "tax": "tax",
        "price_currency": "price_currency",
        "taken": "charge_amount",
        "taken_currency": "charge_currency",
        "live": "is_live",
        "paid_at_utc": "paid_at",
        "booked_at_utc": "created_at",
    }
    export_related = ("wallet__account__product",)
    list_display = (
        "reference",
        "paid_at",
        "wallet",
        "provider",
        money_column("charge_amount", "taken"),
        money_column("amount", "credited"),
        "card",
        "is_live",
    )
    list_filter = (
        ("provider", ChoicesDropdownFilter),
        "is_live",
        ("wallet__account__product", RelatedDropdownFilter),
        ("wallet", AutocompleteSelectFilter),
    )
    date_hierarchy = "paid_at"
    ordering = ("-id",)
    list_select_related = ("wallet__account",)
    search_fields = ("reference",)
    search_help_text = "The provider's reference of the payment or the charge, the bank's, or the account"
    fields = (
        ("wallet", "provider"),
        ("reference", "charge_reference"),
        ("top_up", "subscription"),
        (money_column("amount", "credited"), "transaction_number", "grant"),
        (money_column("total", "price with tax"), money_column("tax", "tax")),
        (money_column("charge_amount", "taken"), "is_live", "card"),
        ("paid_at", "created_at"),
        "shown_receipt",
    )
    readonly_fields = ("shown_receipt", fields[3][0], *fields[4], fields[5][0])

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Payment], search_term: str
    ) -> tuple[QuerySet[Payment], bool]:
        """Payments by a whole reference, or of an account."""
        term = " ".join(search_term.split())
        if not term:
            return queryset, False
        rows = Payment.objects.all()
        return finding.any_of(
            queryset,
            rows.filter(wallet__account__in=finding.accounts(term)),
            rows.filter(provider__in=PaymentProvider.values, reference=term),
            rows.filter(charge_reference=term),
            rows.annotate(asked=BANK_REFERENCE).filter(provider=PaymentProvider.BANK, asked=term.upper()),
        ), False

    @display(description="receipt")
    def shown_receipt(self, obj: Payment) -> SafeString | str:
        """The provider's receipt."""
        if not obj.receipt_url.startswith(SAFE_SCHEMES):
            return ""
        return format_html('<a class="bo-link" href="{0}" rel="noopener noreferrer">{0}</a>', obj.receipt_url)

    def panels(self, request: HttpRequest, obj: Payment) -> list[Panel]:
        """What has gone back of it, and what of the wallet still may."""
        return [_refunds(obj), _disputes(obj), refundable_panel(obj.wallet_id)]


def _refunds(payment: Payment) -> Panel:
    rows = [
        (
            link(refund),
            moment(refund.created_at),
            money_html(refund.amount),
            money_html(refund.charge_amount),
            refund.get_status_display(),
        )
        for refund in Refund.objects.filter(payment=payment).order_by("-id")
    ]
    columns = (
        Column("Refund"),
        Column("Asked (UTC)"),
        Column("From the balance", True),
        Column("To the payer", True),
        Column("Status"),
    )
    return Panel("Refunds", columns, rows, empty="Nothing of it was asked back.")


def _disputes(payment: Payment) -> Panel:
    rows = [
        (link(dispute), moment(dispute.opened_at), money_html(dispute.charge_amount), dispute.get_status_display())
        for dispute in Dispute.objects.filter(payment=payment).order_by("-id")
    ]
    columns = (Column("Dispute"), Column("Opened (UTC)"), Column("Amount", True), Column("Status"))
    return Panel("Disputes", columns, rows, empty="Its cardholder has not disputed it.")
