"""Whether anything changed since the page was shown: asked every few seconds by every open page.

204 and four statements while nothing did. Otherwise what every page shows anew (balance, banners, what waits in the
navigation, words for those who listen), and `moved`, on which a page asks its own address for its own parts.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.selectors.pulse import pulse_of
from billing.templatetags.money import money_text
from billing.views.banners import Action, Banner
from billing.views.navigation import page_link
from billing.views.shell import Frame, render_page
from organizations.tenancy import Tenant, tenant_page

STOP = 286  # htmx's own status for "ask no more"


@require_safe
@tenant_page
def live(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """What changed since the pulse `seen`; `shown` names the banners that stand on the page.

    A page of another account than the reader's present one (`account`; chosen in another window) is told so, and not
    one figure of either. Raises Http404 for a project `within` which the page is not the account's.
    """
    if request.GET.get("account") != str(tenant.account.id):
        banners = [_elsewhere(tenant)]
        return _update(request, Frame(request, tenant), {"banners": banners}, "components/live_elsewhere.html", STOP)
    if request.GET.get("seen") == pulse_of(tenant.account.id, _today(tenant)):
        return HttpResponse(status=204, headers={"Cache-Control": "private, no-store"})
    frame = Frame(request, tenant.within(request.GET.get("within", "")))
    context = {"live_words": _words(frame, request.GET.get("shown", "").split())}
    response = _update(request, frame, context, "components/live_update.html")
    response["HX-Trigger"] = "moved"
    return response


def _update(
    request: HttpRequest, frame: Frame, context: dict[str, Any], template: str, status: int = 200
) -> HttpResponse:
    return render_page(request, frame, template, {"is_update": True, **context}, current="", status=status)


def _today(tenant: Tenant) -> date:
    return timezone.now().astimezone(ZoneInfo(tenant.account.timezone)).date()


def _words(frame: Frame, shown: list[str]) -> str:
    """What a listener is told: banners that are new, or that none is left, and what is available."""
    words = [each.title for each in frame.banners if each.id not in shown]
    if shown and not frame.banners:
        words.append(_("No warning is left"))
    amount = money_text(frame.balance.available, frame.balance.currency)
    return ". ".join([*words, _("Available: %(amount)s") % {"amount": amount}])


def _elsewhere(tenant: Tenant) -> Banner:
    name = {"name": tenant.account.name}
    return Banner(
        "elsewhere",
        "warn",
        _("You have changed to %(name)s") % name,
        _("This page is of another account and no longer up to date."),
        (Action(_("Show %(name)s") % name, page_link("overview")),),
    )
