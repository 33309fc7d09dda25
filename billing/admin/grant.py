"""Lots of credit as staff see them: what was given, what remains, where it came from and what drew on it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from billing.models import Grant, Transaction, Transfer
from organizations.admin.amounts import money_column, money_html
from organizations.admin.base import BigTableAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, badge, link, list_url, moment

TRANSFERS_SHOWN = 50


def expiry(grant: Grant) -> SafeString | str:
    """When the grant expires, and whether that is past."""
    if grant.expires_at is None:
        return "never"
    if grant.expires_at <= timezone.now():
        return badge(f"expired {grant.expires_at:%Y-%m-%d %H:%M}", "warn")
    return moment(grant.expires_at)


@admin.register(Grant)
class GrantAdmin(ReadOnlyMixin, BigTableAdmin):
    """Grants of all wallets."""

    list_display = (
        "__str__",
        "wallet",
        "kind",
        money_column("amount", "given"),
        money_column("remaining", "remains"),
        "priority",
        "expires_at",
        "source",
        "created_at",
    )
    list_filter = (("wallet", AutocompleteSelectFilter), ("kind", ChoicesDropdownFilter))
    list_select_related = ("wallet__account",)
    narrowing = ("wallet__id__exact",)
    narrowing_hint = "Choose a wallet to see older ones."
    fields = (
        "wallet",
        "kind",
        money_column("amount", "given"),
        money_column("remaining", "remains"),
        "priority",
        "expires_at",
        "source",
        "created_at",
    )
    readonly_fields = tuple(field for field in fields if callable(field))

    def panels(self, request: HttpRequest, obj: Grant) -> list[Panel]:
        """What filled it and what drew on it, newest first."""
        transfers = (
            Transfer.objects.filter(grant=obj)
            .select_related("transaction", "source", "target")
            .order_by("-id")[:TRANSFERS_SHOWN]
        )
        rows: list[tuple[Any, ...]] = [
            (
                link(one.transaction),
                one.transaction.get_kind_display(),
                f"{one.source.get_kind_display()} → {one.target.get_kind_display()}",
                money_html(one.amount),
                moment(one.transaction.created_at),
            )
            for one in transfers
        ]
        columns = (
            Column("Transaction"),
            Column("Kind"),
            Column("From → to"),
            Column("Amount", True),
            Column("When (UTC)"),
        )
        return [
            Panel(
                f"Its transfers, the newest {TRANSFERS_SHOWN}",
                columns,
                rows,
                empty="Nothing moved in or out of it.",
                is_wide=True,
                more_url=list_url(Transaction, wallet__id__exact=obj.wallet_id),
                more_label="Transactions of the wallet",
            )
        ]
