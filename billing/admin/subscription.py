"""Subscriptions as the provider's facts have made them; staff look them up and end them, and edit nothing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminRadioSelectWidget

from billing.admin.plan import status_badge
from billing.models import Subscription, SubscriptionStatus
from billing.providers.base import ProviderError
from billing.services import subscriptions
from organizations.admin import actions
from organizations.admin.amounts import money_column, money_html
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, link, moment

LIVE = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
WHEN = (("period", "At the end of the month that is paid"), ("now", "Now; what is paid for stays until its end"))
ALLOTMENT = money_column("allotment", "each month")
PRICE = money_column("price", "price")
TAX = money_column("tax", "tax")


class EndForm(actions.ReasonForm):
    """When it ends."""

    when = forms.ChoiceField(choices=WHEN, initial="period", widget=UnfoldAdminRadioSelectWidget)
    field_order = ("when", "reason", "token")


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Subscriptions of all wallets."""

    list_display = (
        "wallet",
        "plan",
        "shown_status",
        ALLOTMENT,
        PRICE,
        "period_end",
        "ends_at_period_end",
        "created_at",
    )
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("plan", RelatedDropdownFilter),
        ("plan__product", RelatedDropdownFilter),
        ("wallet", AutocompleteSelectFilter),
        "ends_at_period_end",
    )
    list_select_related = ("wallet__account", "plan")
    search_fields = (
        "provider_reference",
        "checkout_reference",
        "wallet__account__name",
        "wallet__account__external_id",
    )
    date_hierarchy = "created_at"
    fieldsets = (
        (None, {"fields": (("wallet", "plan"), ("shown_status", "ends_at_period_end"), (ALLOTMENT, PRICE, TAX))}),
        ("Period", {"fields": (("period_start", "period_end"), ("created_at", "ended_at"))}),
        ("At the provider", {"fields": ("reference", "provider_reference", "checkout_reference", "next_check_at")}),
    )
    readonly_fields = ("shown_status", ALLOTMENT, PRICE, TAX)
    actions_detail = ("look_up", "end")

    @display(description="status")
    def shown_status(self, obj: Subscription) -> SafeString:
        """The status as a badge."""
        return status_badge(obj)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """The plan's page links here with its id."""
        return lookup == "plan__id__exact" or super().lookup_allowed(lookup, value, request)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Only what runs can be ended."""
        found: list[Any] = super().get_actions_detail(request, object_id)
        runs = Subscription.objects.filter(pk=object_id, status__in=LIVE).exists()
        return [one for one in found if runs or not one.action_name.endswith("_end")]

    def panels(self, request: HttpRequest, obj: Subscription) -> list[Panel]:
        """The months that were paid, the newest first."""
        rows = [
            (link(one, one.reference), money_html(one.total), one.card, moment(one.paid_at))
            for one in obj.payments.order_by("-id")[:24]
        ]
        columns = (Column("Payment"), Column("Paid", True), Column("Card"), Column("When (UTC)"))
        return [Panel("Paid months", columns, rows, empty="Nothing has been paid yet.", is_wide=True)]

    @action(description="Look up now", permissions=["act"], icon="sync")
    def look_up(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask the provider how it stands."""

        def perform(form: actions.ReasonForm, row: Subscription) -> str:
            try:
                found = subscriptions.check(subscription_id=row.pk)
            except ProviderError as error:
                raise ValidationError(f"The provider did not answer: {error}") from error
            return f"The provider says: {found.get_status_display()}."

        return self._run(
            request,
            object_id,
            perform,
            title="Look the subscription up",
            intro="Ask the provider how it stands, and settle what it says, as a webhook would.",
            verb="Look it up",
            form=actions.ActionForm,
        )

    @action(description="End", permissions=["act"], icon="event_busy", variant=ActionVariant.DANGER)
    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End it, now or with its period."""

        def perform(form: EndForm, row: Subscription) -> str:
            waits = form.cleaned_data["when"] == "period"
            found = subscriptions.end(subscription_id=row.pk, at_period_end=waits)
            if found.status == SubscriptionStatus.ENDED:
                return "The subscription has ended."
            return f"The subscription ends on {found.period_end:%Y-%m-%d %H:%M} UTC."

        return self._run(
            request,
            object_id,
            perform,
            title="End the subscription",
            intro="Nothing more is charged for it, and nothing is refunded by this. The customer is told by e-mail.",
            verb="End it",
            form=EndForm,
            is_dangerous=True,
        )

    def _run(self, request: HttpRequest, object_id: str, perform: Any, **words: Any) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def explain(form: actions.ActionForm) -> list[tuple[str, Any]]:
            shown = [("Account", row.wallet.account), ("Plan", row.plan), ("Each month", money_html(row.allotment))]
            if "when" in form.cleaned_data if form.is_bound else False:
                shown.append(("Ends", dict(WHEN)[form.cleaned_data["when"]]))
                shown.append(("Reason", form.cleaned_data["reason"]))
            return shown

        return actions.run(
            request,
            self,
            row,
            actions.Action(
                question=f"{words['title']} of {row.wallet.account}?",
                explain=explain,
                perform=lambda form: perform(form, row),
                **words,
            ),
        )
