"""What every customer page shows around its content: account, project, balance, navigation, open incidents.

A page calls `render_page`; the frame is the same everywhere and costs one query each for the pulse, the wallet and its
product's terms, the top-up terms and the open incidents. `billing.views.live` keeps what it shows up to date.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.functional import cached_property
from django_htmx.middleware import HtmxDetails

from billing.models import Plan, ProductTerms, TopUpTerms, Wallet
from billing.selectors.page_balance import Balance, balance_of
from billing.selectors.pulse import pulse_of
from billing.templatetags.money import CREDIT
from billing.views.banners import Banner, incident_banners
from billing.views.invoice_banners import invoice_banners
from billing.views.navigation import entries_of, page_link, tabs_of, top_up_label
from billing.views.notices import notices_of
from billing.views.roles import may_pay
from notifications.models import Incident
from notifications.selectors.incidents import open_incidents
from organizations.tenancy import PROJECT_PARAMETER, Tenant


class Frame:
    """What a page needs besides its own data: clock, wallet, balance, links that keep the chosen project."""

    def __init__(self, request: HttpRequest, tenant: Tenant) -> None:
        self.tenant = tenant
        self.zone = ZoneInfo(tenant.account.timezone)
        self.now: datetime = timezone.now().astimezone(self.zone)
        self.today: date = self.now.date()
        # Before everything that is shown: what changes in between is shown, and then asked for again.
        self.pulse = pulse_of(tenant.account.id, self.today)
        self.wallet = get_object_or_404(tenant.rows(Wallet).select_related("account__product__terms"))
        self.balance: Balance = balance_of(self.wallet)

    @cached_property
    def terms(self) -> TopUpTerms | None:
        """How the product takes money; None where it takes none."""
        plans = Plan.objects.filter(product=OuterRef("product_id"), is_active=True)
        return TopUpTerms.objects.filter(product=self.tenant.product).annotate(has_plans=Exists(plans)).first()

    @property
    def product_terms(self) -> ProductTerms:
        """What the product promises about balance and calls."""
        return self.wallet.account.product.terms

    @property
    def has_plans(self) -> bool:
        """Whether there is anything to subscribe to."""
        return bool(getattr(self.terms, "has_plans", False))

    @cached_property
    def incidents(self) -> list[Incident]:
        """What the account's pages warn of."""
        return open_incidents(self.tenant.account.id)

    @cached_property
    def banners(self) -> list[Banner]:
        """What stands above every page: why no call starts, and what failed; the worst first."""
        found = [*notices_of(self), *invoice_banners(self), *incident_banners(self)]
        return sorted(found, key=lambda each: each.tone != "bad")

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
        may_pay=frame.may_pay,
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
        "banners": frame.banners,
        "pulse": frame.pulse,
        "live_milliseconds": str(settings.LIVE_MILLISECONDS),
        "page_address": address_of_page(request),
        "accent": frame.tenant.product.accent,
    }


def address_of_page(request: HttpRequest) -> str:
    """The page that the reader looks at, whichever part of it the request asks for."""
    return HtmxDetails(request).current_url_abs_path or request.get_full_path()


def render_page(
    request: HttpRequest, frame: Frame, template: str, context: dict[str, Any], *, current: str, status: int = 200
) -> HttpResponse:
    """The page in its frame. Pages hold money: no cache keeps them."""
    response = render(request, template, {**frame_context(request, frame, current=current), **context}, status=status)
    response["Cache-Control"] = "private, no-store"
    return response
