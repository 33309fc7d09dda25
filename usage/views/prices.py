"""Prices: what the account is charged, from when on, what will change, and what a call or last month would cost.

The prices are the account's own (its card before its product's); another account's card is never read into the page.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.models import WalletMode
from billing.services.admission import CallTerms
from billing.templatetags.moments import day_year, local
from billing.templatetags.money import money_text
from billing.views.shell import Frame, render_page
from organizations.models import OnExhaustion
from organizations.tenancy import Tenant, tenant_page
from usage.rating.types import CardVersion
from usage.selectors.pages.prices import account_prices
from usage.selectors.terms import load_terms
from usage.views.prices_calculator import calculator_of
from usage.views.prices_changes import Change, changes_between
from usage.views.prices_list import sections_of
from usage.views.prices_month import last_month_context
from usage.views.words import rounding_words

PARTS = {"calculator": "usage/prices/calculator.html", "estimate": "usage/prices/estimate.html"}


@dataclass(frozen=True, slots=True)
class Coming:
    """A version that will hold, and what it changes against the one before."""

    day: str
    version: CardVersion
    changes: list[Change]


@require_safe
@tenant_page
def prices(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The page; for htmx the part of the calculator that it names as its target."""
    frame = Frame(request, tenant)
    found = account_prices(product=tenant.product, account_id=tenant.account.pk, now=frame.now)
    form = calculator_of(frame, found.current, request.GET) if found.current is not None else None
    part = PARTS.get(request.headers.get("HX-Target", "")) if form is not None else None
    if part is not None:
        return render_page(request, frame, part, {"form": form}, current="prices")
    currency, shows_costs = frame.wallet.currency, tenant.product.shows_costs
    version = found.current
    context = {
        "version": version,
        "is_own": found.is_own,
        "since": _day(frame, version) if version is not None else "",
        "sections": sections_of(version, currency=currency, shows_costs=shows_costs) if version is not None else [],
        "free_reasons": list(dict.fromkeys(_(rule.reason) for rule in version.free_rules)) if version else [],
        "rounding": _rounding(version, currency) if version is not None else "",
        "before_a_call": _before_a_call(frame, load_terms(tenant.product.pk, tenant.product.rates_revision).call),
        "coming": _coming(frame, version, found.coming),
        "form": form,
        **(last_month_context(frame, version) if version is not None else {}),
    }
    return render_page(request, frame, "usage/prices.html", context, current="prices")


def _day(frame: Frame, version: CardVersion) -> str:
    assert version.starts_at is not None
    return day_year(local(version.starts_at, frame.zone).date())


def _rounding(version: CardVersion, currency: str) -> str:
    exact = _("Charges keep every digit down to a millionth. Nothing is rounded to the cent.")
    return rounding_words(version.rounding_step, version.rounding, currency) or exact


def _coming(frame: Frame, current: CardVersion | None, versions: tuple[CardVersion, ...]) -> list[Coming]:
    """Each coming version against the one that holds until then."""
    currency, shows_costs = frame.wallet.currency, frame.tenant.product.shows_costs
    found, before = [], current or CardVersion(rates=())
    for version in versions:
        changes = changes_between(before, version, currency=currency, shows_costs=shows_costs)
        found.append(Coming(_day(frame, version), version, changes))
        before = version
    return found


def _before_a_call(frame: Frame, terms: CallTerms) -> list[str]:
    """What a call may not start without, and what happens to one when the balance ends (billing.services.admission)."""
    currency = frame.wallet.currency
    if frame.wallet.mode == WalletMode.POSTPAY:
        found = [_("No call starts once the credit limit is reached.")]
    elif terms.floor > 0:
        found = [_("No call starts below %(floor)s.") % {"floor": money_text(terms.floor, currency)}]
    else:
        found = [_("No call starts once the balance is used up.")]
    if terms.hold > 0:
        held = {"hold": money_text(terms.hold, currency)}
        found.append(
            _("%(hold)s is held while a call is in progress; when it ends, its charge takes the place.") % held
        )
    if terms.on_exhaustion == OnExhaustion.HANGUP:
        found.append(_("A call in progress ends when the balance is used up."))
    else:
        found.append(_("A call in progress is never cut off; it finishes, even a little below zero."))
    return found
