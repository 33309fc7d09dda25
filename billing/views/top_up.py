"""Top up: amount, organization, way to pay, and what it comes to before anybody pays.

The total is counted by the server alone: while typing by htmx, without scripts by "Show the total". A payment whose
total is not the one on the button that was pressed is shown again instead of charged.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from billing.models import PaymentProvider
from billing.providers.base import ProviderError
from billing.services import top_ups
from billing.templatetags.money import number
from billing.views.payment_pages import SeeOther
from billing.views.refusals import refusals
from billing.views.roles import require_payer
from billing.views.shared_balance import sharing_services
from billing.views.shell import Frame, render_page
from billing.views.tax_words import treatment_note
from billing.views.top_up_form import TopUpForm, read_form
from organizations.tenancy import Tenant, tenant_page

WAYS = {
    PaymentProvider.STRIPE.value: (lazy("Card, Apple Pay, Google Pay"), "Stripe"),
    PaymentProvider.ROBOKASSA.value: (lazy("MIR card or SBP"), "Robokassa"),
    PaymentProvider.BANK.value: (lazy("Invoice for a bank transfer"), lazy("1\N{EN DASH}3 days")),
}


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def top_up(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The form, its total, and the payment. Raises Http404 where the product sells no top-ups."""
    frame = Frame(request, tenant)
    if frame.terms is None:
        raise Http404
    if request.method == "POST" and "count" in request.POST:
        return _show(request, frame, read_form(frame, frame.terms, request.POST))
    if request.method == "POST":
        require_payer(tenant)
        return _pay(request, frame, read_form(frame, frame.terms, request.POST))
    form = read_form(frame, frame.terms, request.GET)
    if request.headers.get("HX-Request"):
        return _show(request, frame, form, template="billing/top_up/total.html")
    return _show(request, frame, form)


def _pay(request: HttpRequest, frame: Frame, form: TopUpForm) -> HttpResponse:
    if form.quote is None or form.total_changed:
        return _show(request, frame, form, is_sent=True, status=422)
    try:
        row = top_ups.start(
            wallet_id=frame.wallet.pk,
            amount=form.quote.amount,
            provider=form.provider,
            organization_id=form.organization.pk if form.organization else None,
            saves_card=form.saves_card and form.provider == PaymentProvider.STRIPE,
            user_id=frame.tenant.user.pk,
        )
    except ValidationError as error:
        form.errors = refusals(error, otherwise="amount")
        return _show(request, frame, form, is_sent=True, status=422)
    try:
        row = top_ups.submit(top_up_id=row.pk)
    except ProviderError:
        row.refresh_from_db()  # the page of the top-up says how it stands; the sweep asks again
    if row.is_in_flight and row.redirect_url:
        return SeeOther(row.redirect_url)
    return SeeOther(reverse("top_up_result", args=[row.reference]))


def _show(
    request: HttpRequest,
    frame: Frame,
    form: TopUpForm,
    *,
    template: str = "billing/top_up.html",
    is_sent: bool = False,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "services": sharing_services(frame.tenant.product),
        "ways": [(offer, *_way(offer.provider)) for offer in form.offers],
        "quote": form.quote,
        "after": frame.balance.available + form.quote.amount if form.quote else None,
        "tax_lines": [
            {**line, "amount": Decimal(line["amount"])} for line in (form.quote.tax_lines if form.quote else [])
        ],
        "tax_note": treatment_note(form.quote.tax_treatment) if form.quote else "",
        "rate_words": _rate_words(form),
        "is_sent": is_sent,
        "is_stand_in": any(offer.is_stand_in for offer in form.offers),
    }
    return render_page(request, frame, template, context, current="top_up", status=status)


def _way(slug: str) -> tuple[str, str]:
    label, note = WAYS[slug]
    return str(label), str(note)


def _rate_words(form: TopUpForm) -> str:
    """The exchange rate of a price in another currency: "1 USD = 92.50 RUB"; empty where there is none."""
    if form.quote is None or form.quote.exchange_rate is None:
        return ""
    return _("1 %(price)s = %(rate)s %(charge)s") % {
        "price": form.quote.price_currency,
        "rate": number(form.quote.exchange_rate, least=2, most=8),
        "charge": form.quote.charge_currency,
    }
