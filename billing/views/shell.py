"""What every customer page shows around its content: account, project, balance, navigation, open incidents.

A page calls `render_page`; the frame is the same everywhere and costs one query each for the wallet, the product's
top-up terms and the account's open incidents.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import cached_property

from billing.models import Plan, TopUpTerms, Wallet
from billing.selectors.page_balance import Balance, balance_of
from billing.templatetags.money import CREDIT
from billing.views.banners import incident_banners
from billing.views.navigation import entries_of, page_link, tabs_of, top_up_label
from billing.views.roles import may_pay
from notifications.models import Incident
from notifications.selectors.incidents import open_incidents
from organizations.tenancy import PROJECT_PARAMETER, Tenant


class Frame:
    """What a page needs besides its own data: clock, wallet, balance, links that keep the chosen project."""

    def __init__(self, request: HttpRequest, tenant: Tenant) -> None:
        self.tenant = tenant
        self.wallet = tenant.one(Wallet)
        self.zone = ZoneInfo(tenant.account.timezone)
        self.now: datetime = timezone.now().astimezone(self.zone)
        self.today: date = self.now.date()
        self.balance: Balance = balance_of(self.wallet, self.today)

    @cached_property
    def terms(self) -> TopUpTerms | None:
        """How the product takes money; None where it takes none."""
        plans = Plan.objects.filter(product=OuterRef("product_id"), is_active=True)
        return TopUpTerms.objects.filter(product=self.tenant.product).annotate(has_plans=Exists(plans)).first()

    @property
    def has_plans(self) -> bool:
        """Whether there is anything to subscribe to."""
        return bool(getattr(self.terms, "has_plans", False))

    @cached_property
    def incidents(self) -> list[Incident]:
        """What the account's pages warn of."""
        return open_incidents(self.tenant.account.id)

    @property
    def project_id(self) -> int | None:
        """The project that the page is narrowed to."""
        return self.tenant.project.id if self.tenant.project else None

    @property
    def may_pay(self) -> bool:
        """Whether the reader may do what costs money."""
        return may_pay(self.tenant)

    @property
    def sells_credits(self) -> bool:
        """Whether the balance is counted in credits."""
        return self.balance.currency == CREDIT

    def link(self, name: str, **query: object) -> str:
        """The address of a page, narrowed to the chosen project."""
        return page_link(name, project=self.project_id, **query)


def frame_context(request: HttpRequest, frame: Frame, *, current: str) -> dict[str, Any]:
    """The context of the shell and of the money and time tags."""
    entries = entries_of(
        frame.terms,
        has_plans=frame.has_plans,
        incidents=len(frame.incidents),
        **{PROJECT_PARAMETER: frame.project_id},
    )
    return {
        "tenant": frame.tenant,
        "account": frame.tenant.account,
        "product": frame.tenant.product,
        "balance": frame.balance,
        "currency": frame.balance.currency,
        "zone": frame.zone,
        "now": frame.now,
        "today": frame.today,
        "current": current,
        "entries": entries,
        "tabs": tabs_of(entries),
        "top_up_label": top_up_label(frame.balance.currency),
        "top_up_href": frame.link("top_up") if frame.terms and frame.may_pay else "",
        "may_pay": frame.may_pay,
        "sells_credits": frame.sells_credits,
        "incident_banners": incident_banners(frame),
        "accent": frame.tenant.product.accent,
    }


def render_page(
    request: HttpRequest, frame: Frame, template: str, context: dict[str, Any], *, current: str, status: int = 200
) -> HttpResponse:
    """The page in its frame. Pages hold money: no cache keeps them."""
    response = render(request, template, {**frame_context(request, frame, current=current), **context}, status=status)
    response["Cache-Control"] = "private, no-store"
    return response
