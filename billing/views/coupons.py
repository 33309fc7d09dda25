"""Coupons: enter the code, see the bonus, confirm, added at once (letustalk.md, 'Redeem a coupon code').

Looking at a code redeems nothing, so that it is a GET; only the confirmation is a POST.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.models import CouponRedemption
from billing.services import coupons as service
from billing.services.coupons import CODE_LENGTH, CouponRefusedError, Offer
from billing.templatetags.money import money_text
from billing.views.payment_pages import SeeOther
from billing.views.roles import require_payer
from billing.views.shell import Frame, render_page
from organizations.tenancy import Tenant, tenant_page

REDEMPTIONS_SHOWN = 50
TYPED_MAX = 100  # longer than any code, short enough to show again


@dataclass(frozen=True, slots=True)
class Looked:
    """The code that was typed, and what came of looking at it."""

    code: str = ""
    offer: Offer | None = None
    error: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def coupons(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The form, with `?code=` the bonus of that code, and on POST its redemption."""
    frame = Frame(request, tenant)
    if request.method == "POST":
        require_payer(tenant)
        return _redeem(request, frame, request.POST.get("code", "")[:TYPED_MAX])
    code = request.GET.get("code", "")[:TYPED_MAX]
    if "code" not in request.GET or not frame.may_pay:
        return _show(request, frame, Looked())
    if not code.strip():
        return _show(request, frame, Looked(error=_("Enter the code that you got.")))
    try:
        offer = service.preview(wallet_id=frame.wallet.pk, code=code, user_id=tenant.user.pk)
    except CouponRefusedError as refusal:
        return _show(request, frame, Looked(code, error=str(refusal)))
    return _show(request, frame, Looked(code, offer))


def _redeem(request: HttpRequest, frame: Frame, code: str) -> HttpResponse:
    try:
        redemption = service.redeem(wallet_id=frame.wallet.pk, code=code, user_id=frame.tenant.user.pk)
    except CouponRefusedError as refusal:
        return _show(request, frame, Looked(code, error=str(refusal)), status=422)
    added = money_text(redemption.grant.amount.amount, frame.balance.currency)
    messages.success(request, _("%(added)s of promo credit was added.") % {"added": added})
    return SeeOther(reverse("coupons"))


def _show(request: HttpRequest, frame: Frame, looked: Looked, *, status: int = 200) -> HttpResponse:
    redeemed = frame.tenant.rows(CouponRedemption).select_related("coupon", "grant").order_by("-id")
    context: dict[str, Any] = {
        "looked": looked,
        "offer": looked.offer,
        "code_length": CODE_LENGTH,
        "redeemed": list(redeemed[:REDEMPTIONS_SHOWN]),
    }
    return render_page(request, frame, "billing/coupons.html", context, current="coupons", status=status)
