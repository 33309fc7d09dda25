"""The days that were summed up, and the reports about the ledger and about payments, which have no model."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from billing.admin.reports.ledger import LiabilitiesView, TrialBalanceView
from billing.admin.reports.payments import AgeingView, ReconciliationView
from billing.models import LedgerAccountKind, LedgerDay
from organizations.admin.amounts import amount_html
from organizations.admin.base import BigTableAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel

REPORTS = {
    "trial-balance": TrialBalanceView,
    "liabilities": LiabilitiesView,
    "reconciliation": ReconciliationView,
    "ageing": AgeingView,
}


@admin.register(LedgerDay)
class LedgerDayAdmin(ReadOnlyMixin, BigTableAdmin):
    """What wallets' ledger accounts had turned over by the end of a day."""

    list_display = ("day", "wallet", "last_number", "paid", "promo", "allotment", "owed")
    list_filter = (("wallet", AutocompleteSelectFilter),)
    list_select_related = ("wallet__account",)
    narrowing = ("wallet__id__exact",)
    narrowing_hint = "Choose a wallet to see older ones."
    fields = (("wallet", "day"), ("last_number", "currency"))

    def get_urls(self) -> list[URLPattern]:
        """With the reports' pages."""
        own = [
            path(
                f"reports/{name}/",
                self.admin_site.admin_view(view.as_view(model_admin=self)),
                name=f"report_{name.replace('-', '_')}",
            )
            for name, view in REPORTS.items()
        ]
        return [*own, *super().get_urls()]

    @display(description="unspent paid")
    def paid(self, obj: LedgerDay) -> SafeString:
        """Paid money that was left."""
        return amount_html(obj.balance(LedgerAccountKind.PAID), obj.currency)

    @display(description="unspent promo")
    def promo(self, obj: LedgerDay) -> SafeString:
        """Promo that was left."""
        return amount_html(obj.balance(LedgerAccountKind.PROMO), obj.currency)

    @display(description="unspent allotment")
    def allotment(self, obj: LedgerDay) -> SafeString:
        """Allotment that was left."""
        return amount_html(obj.balance(LedgerAccountKind.ALLOTMENT), obj.currency)

    @display(description="owed")
    def owed(self, obj: LedgerDay) -> SafeString:
        """What the customer owed."""
        return amount_html(-obj.balance(LedgerAccountKind.RECEIVABLE), obj.currency)

    def panels(self, request: Any, obj: LedgerDay) -> list[Panel]:
        """Every ledger account of the wallet at the end of the day."""
        rows = [
            (
                kind.label,
                amount_html(obj.debits[kind - 1], obj.currency),
                amount_html(obj.credits[kind - 1], obj.currency),
                amount_html(obj.balance(kind), obj.currency),
            )
            for kind in LedgerAccountKind
            if obj.debits[kind - 1] or obj.credits[kind - 1]
        ]
        columns = (Column("Ledger account"), Column("Debit", True), Column("Credit", True), Column("Balance", True))
        return [Panel("Turnover since the wallet was opened", columns, rows, is_wide=True)]
