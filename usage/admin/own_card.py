"""An account's own card: what prices its calls, on its page, and the action that gives it a card of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminSplitDateTimeWidget, UnfoldAdminTextInputWidget

from organizations.admin import actions, panels
from organizations.admin.panels import Column, Panel, badge, link_to, moment
from organizations.models import Account
from usage.models import RateCard, RateCardVersion
from usage.services.rate_cards import open_own_card

VERSIONS_SHOWN = 10
PUBLISHED = RateCardVersion.Status.PUBLISHED


class OwnCardForm(actions.ActionForm):
    """For whom, from when, and why."""

    account: forms.ModelChoiceField[Account] = forms.ModelChoiceField(
        queryset=Account.objects.select_related("product"),
        widget=AutocompleteSelect(RateCard._meta.get_field("account"), admin.site),
        help_text="Its own card goes before the product's from the first version's start on.",
    )
    starts_at = forms.SplitDateTimeField(
        label="Holds from",
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="In UTC. It can be changed until publishing.",
    )
    note = forms.CharField(
        max_length=255, required=False, widget=UnfoldAdminTextInputWidget, help_text="Why it gets prices of its own."
    )
    field_order = ("account", "starts_at", "note", "token")

    def clean_account(self) -> Account:
        """An account without a card of its own."""
        account: Account = self.cleaned_data["account"]
        if RateCard.objects.filter(account=account).exists():
            raise forms.ValidationError(f"{account} has a card of its own. Make a new version of it.")
        return account


def own_card_action(model_admin: Any, request: HttpRequest) -> HttpResponse:
    """Ask for whom and from when, make the card with a draft, and open the draft."""
    made: list[RateCardVersion] = []

    def perform(form: OwnCardForm) -> str:
        cleaned = form.cleaned_data
        made.append(open_own_card(account=cleaned["account"], starts_at=cleaned["starts_at"], note=cleaned["note"]))
        return f"{made[0]} is a draft with the product's prices. Edit them, then publish it."

    tomorrow = (timezone.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    response = actions.run(
        request,
        model_admin,
        None,
        actions.Action(
            title="An account's own card",
            intro="The account gets a rate card of its own, with a draft that begins as a copy of its product's "
            "prices. It pays the product's prices until that draft is published.",
            verb="Make the card",
            question="Make this card?",
            explain=lambda form: [
                ("For", form.cleaned_data["account"]),
                ("Of", form.cleaned_data["account"].product),
                ("Holds from", f"{form.cleaned_data['starts_at']:%Y-%m-%d %H:%M} UTC, once published"),
                ("Why", form.cleaned_data["note"] or "none"),
            ],
            perform=perform,
            form=OwnCardForm,
            form_arguments={"initial": {"starts_at": tomorrow, "account": request.GET.get("account") or None}},
        ),
    )
    if made:
        response["Location"] = reverse("admin:usage_ratecardversion_change", args=[made[0].pk])
    return response


def of_account(request: HttpRequest, account: Account) -> list[Panel]:
    """Which card prices the account's calls, and what comes next."""
    if not request.user.has_perm("usage.view_ratecard"):
        return []
    cards = RateCard.objects.filter(product_id=account.product_id, account_id=account.pk)
    versions = ("versions__pk", "versions__number", "versions__status", "versions__starts_at")
    found = list(cards.order_by("-versions__number").values_list("pk", "name", *versions)[:VERSIONS_SHOWN])
    if not found:
        may = request.user.has_perm("usage.add_ratecard") and request.user.has_perm("usage.change_ratecard")
        return [
            Panel(
                "Prices",
                (Column(""),),
                [],
                empty=f"The default card of {account.product} prices its calls.",
                more_url=f"{reverse('admin:usage_ratecard_own_card')}?account={account.pk}" if may else "",
                more_label="Give it its own card",
            )
        ]
    card, name = found[0][:2]
    rows = [
        (
            link_to(RateCardVersion, version, f"Version {number}"),
            badge(RateCardVersion.Status(status).label, "good" if status == PUBLISHED else "warn"),
            moment(starts_at),
        )
        for _card, _name, version, number, status, starts_at in found
        if version is not None
    ]
    columns = (Column(link_to(RateCard, card, name)), Column("State"), Column("Holds from (UTC)"))
    note = "" if any(one[4] == PUBLISHED for one in found) else "The default card prices its calls yet."
    return [Panel("Prices: its own card", columns, rows, note=note, empty="It has no versions yet.")]


panels.register(Account, of_account)
