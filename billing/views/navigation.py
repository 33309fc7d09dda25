"""The navigation: what an account's pages are called, by what its product offers."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models import PaymentProvider, TopUpTerms
from billing.templatetags.money import CREDIT

Text = str | Promise
TABS = ("overview", "calls", "top_up", "history")  # the fifth opens the whole navigation


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the navigation; `section` is the heading over it, `count` what waits there (None: nothing may)."""

    name: str
    label: Text
    icon: str
    section: Text
    href: str
    count: int | None = None


def page_link(name: str, **query: object) -> str:
    """The address of a customer page with the parameters that have a value."""
    kept = {key: value for key, value in query.items() if value not in (None, "")}
    return reverse(name) + (f"?{urlencode(kept)}" if kept else "")


def top_up_label(currency: str) -> Text:
    """What adding money is called: products that sell credits sell credits."""
    return _("Buy credits") if currency == CREDIT else _("Top up")


def entries_of(
    terms: TopUpTerms | None, *, has_plans: bool, may_pay: bool, incidents: int, **query: object
) -> list[Entry]:
    """The pages of an account in their order; `query` is what every link carries on."""

    def entry(name: str, label: Text, icon: str, section: Text, count: int | None = None) -> Entry:
        return Entry(name, label, icon, section, page_link(name, **query), count)

    money = _("Money")
    entries = [entry("overview", _("Overview"), "overview", "")]
    if terms is not None:
        entries.append(entry("top_up", top_up_label(terms.currency), "topup", money))
        if terms.offers_auto_top_up or PaymentProvider.STRIPE in terms.providers:
            label = _("Auto top-up, cards") if terms.offers_auto_top_up else _("Cards")
            entries.append(entry("auto_top_up", label, "card", money, incidents))
        if has_plans:
            entries.append(entry("subscription", _("Subscription"), "documents", money))
    entries.append(entry("history", _("History"), "history", money))
    entries.append(entry("coupons", _("Coupons"), "coupon", money))
    calls = _("Calls")
    entries.append(entry("calls", calls, "calls", calls))
    entries.append(entry("usage", _("Usage"), "usage", calls))
    entries.append(entry("projects", _("Projects"), "projects", calls))
    entries.append(entry("prices", _("Prices"), "prices", calls))
    entries.append(entry("limits", _("Limits and notifications"), "limits", calls))
    entries.append(entry("documents", _("Documents"), "documents", _("Records")))
    entries.append(entry("organizations", _("Organizations"), "organizations", _("Records")))
    if may_pay:
        entries.append(entry("audit_export", _("Audit export"), "audit", _("Records")))
    entries.append(entry("settings", _("Settings"), "settings", _("Records")))
    return entries


def tabs_of(entries: list[Entry]) -> list[Entry]:
    """The few entries that stand at the bottom of a phone."""
    by_name = {entry.name: entry for entry in entries}
    return [by_name[name] for name in TABS if name in by_name]
