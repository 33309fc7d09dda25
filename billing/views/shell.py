"""What every customer page shows around its content: account, project, balance, navigation.

A page calls `render_page`; the frame is the same everywhere and costs one query for the wallet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models import Wallet
from billing.selectors.page_balance import Balance, balance_of
from billing.templatetags.money import prefer_locale
from organizations.tenancy import PROJECT_PARAMETER, Tenant


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the navigation; `section` is the heading it stands under."""

    name: str
    label: Promise
    icon: str
    section: Promise | str


ENTRIES = (
    Entry("overview", _("Overview"), "overview", ""),
    Entry("history", _("History"), "history", _("Money")),
    Entry("calls", _("Calls"), "calls", _("Calls")),
)


class Frame:
    """What a page needs besides its own data: clock, wallet, balance, links that keep the chosen project."""

    def __init__(self, request: HttpRequest, tenant: Tenant) -> None:
        prefer_locale(request.headers.get("Accept-Language", ""))
        self.tenant = tenant
        self.wallet = tenant.one(Wallet)
        self.zone = ZoneInfo(tenant.account.timezone)
        self.now: datetime = timezone.now().astimezone(self.zone)
        self.today: date = self.now.date()
        self.balance: Balance = balance_of(self.wallet, self.today)

    @property
    def project_id(self) -> int | None:
        """The project that the page is narrowed to."""
        return self.tenant.project.id if self.tenant.project else None

    def link(self, name: str, **query: object) -> str:
        """The address of a page, narrowed to the chosen project."""
        return page_link(name, project=self.project_id, **query)


def page_link(name: str, **query: object) -> str:
    """The address of a customer page with the parameters that have a value."""
    kept = {key: value for key, value in query.items() if value not in (None, "")}
    return reverse(name) + (f"?{urlencode(kept)}" if kept else "")


def frame_context(request: HttpRequest, frame: Frame, *, current: str) -> dict[str, Any]:
    """The context of the shell and of the money and time tags."""
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
        "entries": [
            {"entry": entry, "href": page_link(entry.name, **{PROJECT_PARAMETER: frame.project_id})}
            for entry in ENTRIES
        ],
        "accent": frame.tenant.product.accent,
    }


def render_page(
    request: HttpRequest, frame: Frame, template: str, context: dict[str, Any], *, current: str
) -> HttpResponse:
    """The page in its frame. Pages hold money: no cache keeps them."""
    response = render(request, template, {**frame_context(request, frame, current=current), **context})
    response["Cache-Control"] = "private, no-store"
    return response
