"""Postpay periods as staff see them: what each invoiced and what has come; of a running one what it would invoice."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.admin.postpay_actions import PeriodActions
from billing.models import BillingPeriod, Document, Payment, PeriodStatus, PostpayTerms, Wallet
from billing.services.postpay import closing
from billing.services.postpay.references import reference_of
from organizations.admin import panels
from organizations.admin.amounts import amount_html, money_column, money_html
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, link, link_to, list_url, moment

COLOURS = {
    "Running": "info",
    "To pay": "warning",
    "Paid": "success",
    "Overdue": "danger",
    "Uncollectible": "danger",
    "Void": "info",
}
PERIODS_SHOWN = 12


@admin.register(BillingPeriod)
class BillingPeriodAdmin(ReadOnlyMixin, PeriodActions):
    """Periods of all wallets. A running one shows what closing it now would invoice; that writes nothing."""

    list_display = (
        "shown_period",
        "wallet",
        "shown_status",
        money_column("total", "total"),
        money_column("settled", "paid so far"),
        "due_on",
        "closes_at",
    )
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("wallet__account__product", RelatedDropdownFilter),
        ("wallet", AutocompleteSelectFilter),
        "due_on",
    )
    ordering = ("-id",)
    list_select_related = ("wallet__account",)
    search_fields = ("wallet__account__name", "wallet__account__email", "provider_reference", "documents__label")
    search_help_text = "The account, the invoice's number, or the provider's reference"
    fields = (
        ("wallet", "shown_status"),
        ("starts_on", "ends_on"),
        ("starts_at", "ends_at"),
        ("closes_at", "closed_at", "last_number"),
        (money_column("usage", "usage"), money_column("net", "net"), money_column("tax", "tax")),
        (money_column("total", "total"), money_column("settled", "paid so far"), "paid_at"),
        ("due_on", "blocks_on"),
        ("collects_by", "bank_reference"),
        ("provider_reference", "page"),
        ("next_check_at", "note"),
    )
    readonly_fields = ("shown_status", "bank_reference", "page", *fields[4], *fields[5][:2])

    def get_queryset(self, request: HttpRequest) -> QuerySet[BillingPeriod]:
        """Periods with their account."""
        return super().get_queryset(request).select_related("wallet__account__product__terms")

    @display(description="period", ordering="starts_on")
    def shown_period(self, obj: BillingPeriod) -> str:
        """Its first and last day."""
        return f"{obj.starts_on:%Y-%m-%d} to {obj.ends_on:%Y-%m-%d}"

    @display(description="status", ordering="status", label=COLOURS)
    def shown_status(self, obj: BillingPeriod) -> str:
        """Where it stands."""
        return obj.get_status_display()

    @display(description="quoted on transfers")
    def bank_reference(self, obj: BillingPeriod) -> str:
        """What the customer writes on a transfer for it."""
        return reference_of(obj.pk)

    @display(description="page to pay on")
    def page(self, obj: BillingPeriod) -> SafeString | str:
        """The provider's page."""
        return format_html('<a href="{}" rel="noopener">Open</a>', obj.pay_url) if obj.pay_url else ""

    def panels(self, request: HttpRequest, obj: BillingPeriod) -> list[Panel]:
        """What it would invoice, or its documents and payments."""
        return [_preview(obj)] if obj.status == PeriodStatus.DRAFT else [_documents(obj), _payments(obj)]


@admin.register(PostpayTerms)
class PostpayTermsAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """The terms of accounts that pay by invoice; they are changed on the wallet's page."""

    list_display = ("wallet", "collects_by", "net_days", "overdue_grace_days", "starts_on", "ends_on")
    list_filter = ("collects_by", ("wallet__account__product", RelatedDropdownFilter))
    list_select_related = ("wallet__account",)
    search_fields = ("wallet__account__name", "wallet__account__email")
    ordering = ("-pk",)


def wallet_panels(request: HttpRequest, wallet: Wallet) -> list[Panel]:
    """The wallet's periods, on the wallet's page, where it has any."""
    periods = BillingPeriod.objects.filter(wallet=wallet).order_by("-id")[:PERIODS_SHOWN]
    rows = [
        (
            link(each, f"{each.starts_on:%Y-%m-%d} to {each.ends_on:%Y-%m-%d}"),
            each.get_status_display(),
            each.due_on or "",
            money_html(each.total),
            amount_html(each.due, str(each.currency)),
        )
        for each in periods
    ]
    columns = (Column("Period"), Column("Status"), Column("Due"), Column("Total", True), Column("To pay", True))
    url = list_url(BillingPeriod, wallet__id__exact=wallet.pk)
    return [Panel("Postpay periods", columns, rows, more_url=url)] if rows else []


panels.register(Wallet, wallet_panels)


def _preview(period: BillingPeriod) -> Panel:
    columns = (Column("Line"), Column("Of"), Column("Quantity", True), Column("Amount", True))
    title = "What closing it now would invoice"
    try:
        found = closing.preview(period_id=period.pk)
    except ValidationError as error:
        return Panel(title, columns, (), empty=" ".join(error.messages), is_wide=True)
    currency = str(period.currency)
    rows: list[tuple[Any, ...]] = [
        (
            f"{line.description}, {line.detail}" if line.detail else line.description,
            line.happened_on or "",
            f"{line.quantity.normalize():,f} {line.unit}".strip(),
            amount_html(line.amount, currency),
        )
        for line in found.lines
    ]
    rows += [
        (f"{tax.name} {tax.percent.normalize():f}%", "", "", amount_html(tax.amount, currency)) for tax in found.taxes
    ]
    if found.settled:
        rows.append(("Paid from the balance", "", "", amount_html(-found.settled, currency)))
    total = ("To pay", "", "", amount_html(found.due, currency))
    return Panel(title, columns, rows, empty="Nothing was used yet.", total=total if rows else (), is_wide=True)


def _documents(period: BillingPeriod) -> Panel:
    rows = [
        (link_to(Document, each.pk, each.label), each.get_kind_display(), each.issued_on, money_html(each.total))
        for each in period.documents.order_by("id").defer("content")
    ]
    columns = (Column("Number"), Column("Kind"), Column("Issued"), Column("Total", True))
    return Panel("Documents", columns, rows, empty="Nothing was to be paid: there is no invoice.")


def _payments(period: BillingPeriod) -> Panel:
    rows = [
        (
            link_to(Payment, each.pk, each.reference),
            each.get_provider_display(),
            moment(each.paid_at),
            money_html(each.amount),
        )
        for each in period.payments.order_by("id")
    ]
    columns = (Column("Payment"), Column("By"), Column("Paid (UTC)"), Column("Amount", True))
    return Panel("Payments made for it", columns, rows, empty="None yet. Top-ups and credits pay invoices, too.")
