"""Saved cards as staff see them: what the customer sees, and nothing that the provider keeps to itself."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.models import Card, Wallet
from billing.selectors.cards import saved_cards
from organizations.admin import panels
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, badge, link, list_url, moment

COLOURS = {"Default": "success", "Saved": "info", "Declined": "danger", "Removed": "warning"}


@admin.register(Card)
class CardAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Cards of all wallets, removed ones included."""

    list_display = ("__str__", "wallet", "expires", "shown_state", "declined_at", "created_at", "removed_at")
    list_filter = (
        ("wallet__account__product", RelatedDropdownFilter),
        ("wallet", AutocompleteSelectFilter),
        "is_default",
    )
    ordering = ("-id",)
    list_select_related = ("wallet__account",)
    search_fields = ("wallet__account__name", "wallet__account__external_id", "reference__exact", "last4__exact")
    search_help_text = "Account, last four digits, or the provider's reference"
    fields = (
        ("wallet", "shown_state"),
        ("brand", "last4", "expires"),
        "reference",
        ("declined_at", "created_at", "removed_at"),
    )
    readonly_fields = ("shown_state", "expires")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Card]:
        """Cards with their accounts."""
        return super().get_queryset(request).select_related("wallet__account")

    @display(description="expires")
    def expires(self, obj: Card) -> str:
        """Month and year as they stand on the card."""
        return expiry_words(obj)

    @display(description="state", label=COLOURS)
    def shown_state(self, obj: Card) -> str:
        """What the card is good for."""
        return state_words(obj)


def expiry_words(card: Card) -> str:
    """Month and year as they stand on the card."""
    return f"{card.exp_month:02}/{card.exp_year % 100:02}"


def state_words(card: Card) -> str:
    """Removed, declined when it was last charged, the default, or just saved."""
    if card.removed_at is not None:
        return "Removed"
    if card.declined_at is not None:
        return "Declined"
    return "Default" if card.is_default else "Saved"


def wallet_panels(request: HttpRequest, wallet: Wallet) -> list[Panel]:
    """The saved cards, on the wallet's page, for whoever may look at them."""
    if not request.user.has_perm("billing.view_card"):
        return []
    rows = []
    for card in saved_cards(wallet.pk):
        state = badge("Declined", "bad") if card.declined_at else badge("Good", "good")
        default = "default" if card.is_default else ""
        rows.append((link(card), expiry_words(card), default, state, moment(card.declined_at)))
    columns = (Column("Card"), Column("Expires"), Column(""), Column("State"), Column("Declined (UTC)"))
    more = list_url(Card, wallet__id__exact=wallet.pk)
    return [Panel("Saved cards", columns, rows, empty="No card is saved.", more_url=more, rank=1)]


panels.register(Wallet, wallet_panels)
