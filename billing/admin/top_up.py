"""Top-ups as staff see them: each attempt with its price, its payments, and what the provider told of it."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.admin.list_export import ListExport
from billing.admin.top_up_actions import TopUpActions
from billing.models import Payment, PaymentDifference, PaymentProvider, ProviderEvent, TopUp, Wallet
from organizations.admin import panels
from organizations.admin.amounts import PLAIN_DECIMAL, money_column, money_html
from organizations.admin.base import ReadOnlyMixin, newest_rows
from organizations.admin.panels import Column, Panel, badge, link, list_url, moment
from organizations.selectors import finding

LAST_SHOWN = 5
COLOURS = {
    "Successful": "success",
    "Failed": "danger",
    "Expired": "warning",
    "Outcome unknown": "warning",
    "Waiting for payment": "info",
    "Waiting for confirmation": "info",
}
SAFE_SCHEMES = ("https://", "http://")


@admin.register(TopUp)
class TopUpAdmin(ReadOnlyMixin, ListExport, TopUpActions):
    """Top-ups of all wallets, by hand and automatic. Nobody edits one: its actions ask the provider or record money."""

    export_columns: ClassVar = {
        "reference": "reference",
        "account": "wallet__account__name",
        "account_id": "wallet__account__external_id",
        "product": "wallet__account__product__name",
        "status": "status",
        "origin": "origin",
        "provider": "provider",
        "amount": "amount",
        "currency": "currency",
        "net": "net",
        "tax": "tax",
        "total": "total",
        "price_currency": "price_currency",
        "failure": "failure_code",
        "created_at_utc": "created_at",
        "finished_at_utc": "finished_at",
    }
    export_related = ("wallet__account__product",)
    list_display = (
        "id",
        "created_at",
        "wallet",
        money_column("amount", "amount"),
        money_column("total", "price"),
        "provider",
        "origin",
        "shown_status",
        "failure_message",
    )
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("provider", ChoicesDropdownFilter),
        ("origin", ChoicesDropdownFilter),
        ("wallet__account__product", RelatedDropdownFilter),
        ("wallet", AutocompleteSelectFilter),
    )
    date_hierarchy = "created_at"
    ordering = ("-id",)
    list_select_related = ("wallet__account",)
    search_fields = ("provider_reference",)
    search_help_text = "Number, reference, account, the provider's reference, or an amount"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("wallet", "organization"),
                    ("shown_status", "origin", "provider"),
                    "reference",
                    "provider_reference",
                    ("failure_code", "failure_message"),
                )
            },
        ),
        (
            "Amount and price",
            {
                "fields": (
                    (money_column("amount", "credited"), money_column("net", "net")),
                    (money_column("tax", "tax"), "shown_taxes"),
                    (money_column("total", "total"), money_column("charge_amount", "asked of the provider")),
                    "exchange_rate",
                )
            },
        ),
        (
            "How it was asked for",
            {
                "fields": (
                    ("created_by", "created_at"),
                    ("card", "saves_card"),
                    (money_column("ceiling", "monthly ceiling"), "month"),
                    ("expires_at", "finished_at"),
                    ("next_check_at", "checks"),
                    "shown_page",
                )
            },
        ),
    )
    readonly_fields = (
        "shown_status",
        "shown_taxes",
        "shown_page",
        *(
            name
            for _title, options in fieldsets
            for line in options["fields"]
            for name in (line if isinstance(line, tuple) else (line,))
            if callable(name)
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TopUp], search_term: str
    ) -> tuple[QuerySet[TopUp], bool]:
        """Top-ups of an account, by number or a whole reference, or newer ones by amount."""
        term = " ".join(search_term.split())
        if not term:
            return queryset, False
        rows = TopUp.objects.all()
        paid = Payment.objects.filter(provider__in=PaymentProvider.values, reference=term)
        ways = [
            rows.filter(wallet__account__in=finding.accounts(term)),
            rows.filter(provider_reference=term),
            rows.filter(pk__in=paid.values("top_up_id")),
        ]
        return finding.any_of(queryset, *ways, *_exact(term)), False

    @display(description="status", label=COLOURS, ordering="status")
    def shown_status(self, obj: TopUp) -> str:
        """The status, coloured."""
        return str(obj.get_status_display())

    @display(description="taxes")
    def shown_taxes(self, obj: TopUp) -> str:
        """Each tax with its rate, and the rule that they are by."""
        taxes = ", ".join(f"{line['name']} {line['percent']}%: {line['amount']}" for line in obj.tax_lines) or "none"
        return f"{taxes} ({obj.tax_treatment.replace('_', ' ')})" if obj.tax_treatment else taxes

    @display(description="payment page")
    def shown_page(self, obj: TopUp) -> SafeString | str:
        """The provider's page, while the customer may pay on it."""
        if not obj.redirect_url.startswith(SAFE_SCHEMES) or not obj.is_in_flight:
            return ""
        return format_html('<a class="bo-link" href="{0}" rel="noopener noreferrer">{0}</a>', obj.redirect_url)

    def panels(self, request: HttpRequest, obj: TopUp) -> list[Panel]:
        """What it brought, what was told of it, and where the provider disagrees."""
        return [_payments(obj), _events(obj), _differences(obj)]


def _exact(term: str) -> list[QuerySet[TopUp]]:
    """What a term finds that is a number, a reference or an amount."""
    try:
        return [TopUp.objects.filter(reference=UUID(term))]
    except ValueError:
        pass
    number = term.upper().removeprefix("TU-")
    if not PLAIN_DECIMAL.fullmatch(number):
        return []
    amount = Decimal(number)
    of_amount = newest_rows(TopUp).filter(Q(amount=amount) | Q(total=amount) | Q(charge_amount=amount))
    return [of_amount, TopUp.objects.filter(pk=int(number))] if number.isdecimal() else [of_amount]


def _payments(top_up: TopUp) -> Panel:
    rows = [
        (
            link(payment),
            moment(payment.paid_at),
            payment.card,
            money_html(payment.charge_amount),
            money_html(payment.amount, signed=True),
            payment.transaction_number,
        )
        for payment in top_up.payments.order_by("id")
    ]
    columns = (
        Column("Payment"),
        Column("Paid (UTC)"),
        Column("Card"),
        Column("Taken", True),
        Column("Credited", True),
        Column("Transaction", True),
    )
    return Panel("Payments", columns, rows, empty="No money has arrived for it.", is_wide=True)


def _events(top_up: TopUp) -> Panel:
    names = [top_up.provider_reference, *top_up.payments.values_list("reference", flat=True)]
    told = ProviderEvent.objects.filter(provider=top_up.provider, object_id__in=[name for name in names if name])
    rows = [
        (link(event, event.kind), moment(event.received_at), event.get_status_display(), event.outcome)
        for event in told.order_by("-id")[:20]
    ]
    columns = (Column("Event"), Column("Received (UTC)"), Column("Status"), Column("What came of it"))
    return Panel("What the provider told", columns, rows, empty="No webhook has come for it.", is_wide=True)


def _differences(top_up: TopUp) -> Panel:
    names = {top_up.provider_reference, str(top_up.reference)} - {""}
    about = Q(reference__in=names) | Q(expected__endswith=f"(top-up {top_up.pk})", wallet=top_up.wallet_id)
    found = PaymentDifference.objects.filter(about, provider=top_up.provider).order_by("-id")
    rows = [
        (
            each.get_kind_display(),
            each.reference,
            each.expected,
            each.found,
            badge("explained" if each.explanation else "gone", "good") if each.closed_at else badge("open", "bad"),
        )
        for each in found
    ]
    columns = (Column("Difference"), Column("Object"), Column("Expected"), Column("Found"), Column("State"))
    return Panel("Differences", columns, rows, empty="The provider's books and ours agree.", is_wide=True)


def wallet_panels(request: HttpRequest, wallet: Wallet) -> list[Panel]:
    """The last top-ups, on the wallet's page, for whoever may look at them."""
    if not request.user.has_perm("billing.view_topup"):
        return []
    rows = [
        (
            link(one),
            moment(one.created_at),
            f"{one.get_provider_display()}, {one.get_origin_display().lower()}",
            money_html(one.amount),
            one.get_status_display(),
        )
        for one in TopUp.objects.filter(wallet=wallet).order_by("-id")[:LAST_SHOWN]
    ]
    columns = (Column("Top-up"), Column("When (UTC)"), Column("How"), Column("Amount", True), Column("Status"))
    return [
        Panel(
            f"Last {LAST_SHOWN} top-ups",
            columns,
            rows,
            empty="Nobody has topped this wallet up.",
            more_url=list_url(TopUp, wallet__id__exact=wallet.pk),
            rank=1,
        )
    ]


panels.register(Wallet, wallet_panels)
