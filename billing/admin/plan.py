"""Plans for sale: so many units a month for a price. What was sold once keeps its numbers in the subscription."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import RelatedDropdownFilter

from billing.admin.priced import PricedForm
from billing.models import Plan, Subscription, SubscriptionStatus
from organizations.admin.amounts import AmountField, money_column
from organizations.admin.base import BackOfficeAdmin
from organizations.admin.panels import Column, Panel, badge, link, list_url, moment

SUBSCRIPTIONS_SHOWN = 20


class PlanForm(PricedForm):
    """A plan."""

    allotment = AmountField.of(Plan, "allotment", minimum=None, above=Decimal(0))
    price = AmountField.of(Plan, "price", minimum=None, above=Decimal(0))

    class Meta:
        model = Plan
        fields = ("product", "name", "allotment", "price", "is_active")
        help_texts: ClassVar[dict[str, str]] = {
            "product": "Whose customers may subscribe.",
            "name": "What customers and their receipts read.",
            "is_active": "Off: nobody new subscribes; subscriptions that run go on.",
        }


@admin.register(Plan)
class PlanAdmin(BackOfficeAdmin):
    """Plans of all products. A change holds for new subscriptions only."""

    form = PlanForm
    asks_recent_sign_in = True  # it is a price
    list_display = (
        "name",
        "product",
        money_column("allotment", "each month"),
        money_column("price", "price"),
        "is_active",
    )
    list_filter = (("product", RelatedDropdownFilter), "is_active")
    list_select_related = ("product",)
    search_fields = ("name", "product__name", "product__slug")
    autocomplete_fields = ("product",)

    def get_readonly_fields(self, request: HttpRequest, obj: Plan | None = None) -> tuple[str, ...]:
        """A plan stays with its product."""
        return ("product",) if obj is not None else ()

    def panels(self, request: HttpRequest, obj: Plan) -> list[Panel]:
        """Who has it, the newest first."""
        rows = Subscription.objects.filter(plan=obj).select_related("wallet__account").order_by("-id")
        shown: list[tuple[Any, ...]] = [
            (link(one, one.wallet.account), status_badge(one), moment(one.period_end), moment(one.created_at))
            for one in rows[:SUBSCRIPTIONS_SHOWN]
        ]
        return [
            Panel(
                "Subscriptions",
                (Column("Account"), Column("Status"), Column("Paid until (UTC)"), Column("Began (UTC)")),
                shown,
                empty="Nobody has subscribed to it yet.",
                more_url=list_url(Subscription, plan__id__exact=obj.pk),
                is_wide=True,
            )
        ]


def status_badge(subscription: Subscription) -> Any:
    """The status, coloured only when it wants attention."""
    tone = "bad" if subscription.status == SubscriptionStatus.PAST_DUE else ""
    return badge(subscription.get_status_display(), tone)
