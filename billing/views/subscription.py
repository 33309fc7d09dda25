"""The subscription: plans with their price, the one that runs, cancelling and taking that back.

A payment is confirmed by the provider's facts only: while one is awaited the page asks for them itself, at most every
few seconds and outside any transaction, so that a lost webhook keeps nobody waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.models import Subscription, SubscriptionStatus
from billing.providers.base import ProviderError
from billing.selectors.subscriptions import awaited_subscription, plans_of, running_subscription
from billing.services import subscriptions
from billing.views.payment_pages import SeeOther, moves_no_money
from billing.views.roles import require_payer
from billing.views.shell import Frame, render_page
from organizations.tenancy import Tenant, tenant_page

ASK_SECONDS = 3
NUMBER_LENGTH_MAX = 18


@require_safe
@tenant_page
def subscription(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The page; `?paid=` is how the provider sends back who has paid, `?closed=` who has not.

    Raises Http404 where the product sells no plans and nothing runs.
    """
    frame = Frame(request, tenant)
    return _show(request, frame, "billing/subscription.html", is_back="paid" in request.GET)


@require_safe
@tenant_page
def subscription_status(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The changing part of the page while a payment is awaited, for htmx."""
    return _show(request, Frame(request, tenant), "billing/subscription/update.html", is_back=True)


@require_POST
@tenant_page
def subscription_start(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """Subscribe to the plan `plan`: on to the provider's page. Raises Http404 for what is no plan."""
    require_payer(tenant)
    frame = Frame(request, tenant)
    plan = request.POST.get("plan", "")
    if not (plan.isascii() and plan.isdigit() and len(plan) <= NUMBER_LENGTH_MAX):
        raise Http404
    try:
        row = subscriptions.start(wallet_id=frame.wallet.pk, plan_id=int(plan), user_id=tenant.user.pk)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return SeeOther(reverse("subscription"))
    return SeeOther(row.redirect_url or f"{reverse('subscription')}?paid={row.reference}")


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def subscription_cancel(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """What follows from cancelling, and on POST the cancellation. Raises Http404 when nothing runs."""
    require_payer(tenant)
    frame = Frame(request, tenant)
    row = _running(frame)
    if request.method != "POST":
        is_unpaid = row.status == SubscriptionStatus.PAST_DUE
        context = {"running": row, "is_unpaid": is_unpaid}
        return render_page(request, frame, "billing/subscription/cancel.html", context, current="subscription")
    return _done(
        request,
        lambda: subscriptions.end(subscription_id=row.pk),
        _("%(plan)s is cancelled.") % {"plan": row.plan.name},
    )


@require_POST
@tenant_page
def subscription_resume(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """Take the cancellation back. Raises Http404 when nothing runs."""
    require_payer(tenant)
    row = _running(Frame(request, tenant))
    return _done(
        request, lambda: subscriptions.resume(subscription_id=row.pk), _("%(plan)s goes on.") % {"plan": row.plan.name}
    )


def _running(frame: Frame) -> Subscription:
    row = running_subscription(frame.wallet.pk)
    if row is None:
        raise Http404
    return row


def _done(request: HttpRequest, act: Callable[[], Subscription], words: str) -> HttpResponse:
    try:
        act()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, words)
    return SeeOther(reverse("subscription"))


def _show(request: HttpRequest, frame: Frame, template: str, *, is_back: bool) -> HttpResponse:
    awaited = awaited_subscription(frame.wallet.pk)
    if is_back and awaited is not None and not frame.tenant.is_viewed:
        _ask_again(awaited)
        awaited = awaited_subscription(frame.wallet.pk)
        frame = Frame(request, frame.tenant)  # the balance may have changed with it
    running = running_subscription(frame.wallet.pk)
    plans = plans_of(frame.tenant.account)
    if not plans and running is None:
        raise Http404
    context: dict[str, Any] = {
        "plans": plans,
        "running": running,
        "total": running.price.amount + running.tax.amount if running else None,
        "tax_lines": [{**line, "amount": Decimal(line["amount"])} for line in running.tax_lines] if running else [],
        "awaited": awaited if running is None else None,
        "is_processing": is_back and awaited is not None and running is None,
        "is_closed": "closed" in request.GET and running is None,
        "is_stand_in": moves_no_money(frame.terms),
    }
    return render_page(request, frame, template, context, current="subscription")


def _ask_again(row: Subscription) -> None:
    """Have the provider say how it stands; a provider without an answer leaves it as it is."""
    if cache.add(f"subscription-asked:{row.pk}", 1, ASK_SECONDS):
        try:
            subscriptions.check(subscription_id=row.pk)
        except (ProviderError, ValidationError):
            return
