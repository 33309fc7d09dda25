"""The ledger: transactions, their transfers, the ledger accounts and the hourly roll-up. Nobody changes any of them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from billing.admin.list_export import ListExport
from billing.models import HourlyMovement, LedgerAccount, Transaction, Transfer
from organizations.admin.amounts import amount_html, money_column, money_html
from organizations.admin.base import BigTableAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, link
from organizations.models import Account

BALANCE = """
SELECT coalesce(sum(CASE WHEN t.target_id = %(id)s THEN t.amount ELSE -t.amount END), 0)
  FROM billing_transfer t JOIN billing_transaction x ON x.id = t.transaction_id
 WHERE x.wallet_id = %(wallet)s AND %(id)s IN (t.source_id, t.target_id)
"""


@admin.register(Transaction)
class TransactionAdmin(ReadOnlyMixin, ListExport, BigTableAdmin):
    """Transactions of all wallets."""

    export_columns: ClassVar = {
        "number": "number",
        "account": "wallet__account__name",
        "account_id": "wallet__account__external_id",
        "product": "wallet__account__product__name",
        "kind": "kind",
        "amount": "amount",
        "balance_after": "balance_after",
        "currency": "currency",
        "description": "description",
        "reason": "reason",
        "project": "project__name",
        "day": "day",
        "created_at_utc": "created_at",
    }
    export_related = ("wallet__account__product", "project")
    list_display = (
        "__str__",
        "wallet",
        "kind",
        money_column("amount", "amount", signed=True),
        money_column("balance_after", "balance after"),
        "description",
        "project",
        "created_at",
    )
    list_filter = (("wallet", AutocompleteSelectFilter), ("kind", ChoicesDropdownFilter))
    list_select_related = ("wallet__account", "project")
    search_fields = ("pk",)
    search_help_text = "The identifier or e-mail of an account, or a transaction's id"
    narrowing = ("wallet__id__exact", "q")
    narrowing_hint = "Choose a wallet or search for an account to see older ones."
    fields = (
        ("number", "wallet"),
        ("kind", money_column("amount", "amount", signed=True), money_column("balance_after", "balance after")),
        ("description", "project"),
        ("reason", "actor"),
        ("day", "created_at"),
        "key",
        "shown_hash",
    )
    readonly_fields = (fields[1][1], fields[1][2], "shown_hash")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Transaction], search_term: str
    ) -> tuple[QuerySet[Transaction], bool]:
        """The account's transactions by its identifier or e-mail, or one by its id: exact, through indexes."""
        if not search_term:
            return queryset, False
        term = search_term.strip()
        accounts = Account.objects.filter(external_id=term) | Account.objects.filter(email__iexact=term)
        wallets = list(accounts.values_list("wallet__id", flat=True)[:100])
        if any(wallets):
            return queryset.filter(wallet_id__in=[one for one in wallets if one]), False
        return (queryset.filter(pk=int(term)) if term.isdecimal() and len(term) < 19 else queryset.none()), False

    def panels(self, request: HttpRequest, obj: Transaction) -> list[Panel]:
        """The transfers that make the transaction."""
        transfers = obj.transfers.select_related("source", "target", "grant").order_by("id")
        rows: list[tuple[Any, ...]] = [
            (
                one.source.get_kind_display(),
                one.target.get_kind_display(),
                link(one.grant) if one.grant else "",
                money_html(one.amount),
            )
            for one in transfers
        ]
        columns = (Column("From"), Column("To"), Column("Grant"), Column("Amount", True))
        return [Panel("Transfers", columns, rows, empty="This transaction moved nothing.", is_wide=True)]

    @display(description="SHA-256 of the chain up to here")
    def shown_hash(self, obj: Transaction) -> SafeString | str:
        """The hash in hexadecimal digits."""
        return bytes(obj.hash).hex()


@admin.register(Transfer)
class TransferAdmin(ReadOnlyMixin, BigTableAdmin):
    """Single movements; a transaction's page shows its own."""

    list_display = ("id", "transaction", "wallet", "source", "target", money_column("amount", "amount"), "grant")
    list_select_related = ("transaction", "wallet__account", "source", "target", "grant")
    search_fields = ("transaction__id__exact",)
    search_help_text = "A transaction's id"
    narrowing = ("q",)
    fields = ("transaction", "wallet", "source", "target", money_column("amount", "amount"), "grant")
    readonly_fields = (fields[4],)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Transfer], search_term: str
    ) -> tuple[QuerySet[Transfer], bool]:
        """The transfers of one transaction."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = queryset.filter(transaction_id=int(term)) if term.isdecimal() and len(term) < 19 else queryset.none()
        return found, False


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ReadOnlyMixin, BigTableAdmin):
    """The accounts of each wallet's books."""

    list_display = ("__str__", "wallet", "kind", "currency")
    list_filter = (("wallet", AutocompleteSelectFilter), ("kind", ChoicesDropdownFilter))
    list_select_related = ("wallet__account",)
    narrowing = ("wallet__id__exact",)
    narrowing_hint = "Choose a wallet to see its accounts."
    fields = ("wallet", "kind", "currency", "balance")
    readonly_fields = ("balance",)

    @display(description="balance (in less out)")
    def balance(self, obj: LedgerAccount) -> SafeString:
        """The sum of its transfers; positive when more came in than went out."""
        with connection.cursor() as cursor:
            cursor.execute(BALANCE, {"id": obj.pk, "wallet": obj.wallet_id})
            (amount,) = cursor.fetchone()
        return amount_html(amount, obj.currency)


@admin.register(HourlyMovement)
class HourlyMovementAdmin(ReadOnlyMixin, BigTableAdmin):
    """The hourly roll-up of transactions, from which pages and the dashboard are made."""

    list_display = (
        "day",
        "hour",
        "wallet",
        "project",
        "kind",
        "count",
        money_column("amount", "amount", signed=True),
        money_column("balance_after", "balance after"),
    )
    list_filter = (("wallet", AutocompleteSelectFilter), ("kind", ChoicesDropdownFilter))
    list_select_related = ("wallet__account", "project")
    narrowing = ("wallet__id__exact",)
    narrowing_hint = "Choose a wallet to see older ones."
    fields = (
        ("wallet", "project"),
        ("day", "hour", "kind"),
        ("count", money_column("amount", "amount", signed=True), money_column("balance_after", "balance after")),
        ("first_number", "last_number", "last_at"),
    )
    readonly_fields = (fields[2][1], fields[2][2])
