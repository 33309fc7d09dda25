"""Asking for unspent money back: what can go back of each payment, the request, and what became of earlier ones.

A request moves nothing; staff decide. What it comes to is shown before it is sent, payment by payment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from billing.models import Document, DocumentKind, Refund, RefundStatus
from billing.selectors.refund_shares import portion, refunded_of
from billing.selectors.refunds import Refundable, RefundablePayment, refundable
from billing.services import refunds
from billing.services.refunds.asking import REASON_LENGTH
from billing.templatetags.money import CENT, SYMBOLS, money_text
from billing.views.amounts import field_amount, typed_amount
from billing.views.payment_pages import SeeOther
from billing.views.refusals import refusals
from billing.views.roles import require_payer
from billing.views.shell import Frame, render_page
from organizations.tenancy import Tenant, tenant_page

REQUESTS_SHOWN = 20
TONES = {
    RefundStatus.REQUESTED: ("warn", lazy("Waiting for a decision")),
    RefundStatus.APPROVED: ("warn", lazy("On its way")),
    RefundStatus.SUBMITTED: ("warn", lazy("On its way")),
    RefundStatus.SUCCEEDED: ("good", lazy("Refunded")),
    RefundStatus.FAILED: ("bad", lazy("Failed")),
    RefundStatus.DECLINED: ("bad", lazy("Declined")),
}


@dataclass(slots=True)
class RefundForm:
    """What was typed, and what is wrong with it."""

    amount: str
    reason: str
    value: Decimal | None = None
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """What goes back to one payment."""

    entry: RefundablePayment
    amount: Decimal
    charge_amount: Decimal


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def refund(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The page; POST shows what a request comes to, and with `agreed` sends it."""
    frame = Frame(request, tenant)
    found = refundable(wallet_id=frame.wallet.pk, at=timezone.now())
    if request.method != "POST":
        amount = field_amount(found.total, found.currency) if found.total > 0 else ""
        return _show(request, frame, found, RefundForm(amount, ""))
    require_payer(tenant)
    form = _read(request, found)
    if form.errors or form.value is None:
        return _show(request, frame, found, form, status=422)
    if request.POST.get("agreed") != f"{form.value:f}":
        context = {"form": form, "parts": _parts(found, form.value), "agreement": f"{form.value:f}"}
        return render_page(request, frame, "billing/refund/confirm.html", context, current="history")
    try:
        refunds.request(wallet_id=frame.wallet.pk, amount=form.value, reason=form.reason, user_id=tenant.user.pk)
    except ValidationError as error:
        form.errors |= refusals(error, otherwise="amount")
        return _show(request, frame, found, form, status=422)
    messages.success(request, _("Your request is sent. You get an e-mail when it is decided."))
    return SeeOther(reverse("refund"))


def _read(request: HttpRequest, found: Refundable) -> RefundForm:
    form = RefundForm(request.POST.get("amount", "")[:40], request.POST.get("reason", "").strip())
    try:
        form.value = typed_amount(form.amount)
    except ValidationError as error:
        form.errors |= refusals(error, otherwise="amount")
    if form.value is not None and form.value > found.total:
        most = money_text(found.total, found.currency)
        form.errors["amount"] = found.blocked_because or _("At most %(most)s can be refunded.") % {"most": most}
    elif form.value not in (None, found.total) and form.value != form.value.quantize(CENT):
        form.errors["amount"] = _("Enter an amount to the cent.")
    if not form.reason:
        form.errors["reason"] = _("Say why you want the money back.")
    elif len(form.reason) > REASON_LENGTH:
        form.errors["reason"] = _("At most %(most)s characters.") % {"most": REASON_LENGTH}
    return form


def _parts(found: Refundable, amount: Decimal) -> list[Part]:
    """How a request is split: newest payment first, each as far as it goes."""
    parts, left = [], amount
    for entry in found.payments:
        part = min(left, entry.refundable)
        if part > 0:
            left -= part
            share = portion(entry.payment, part, before=refunded_of(entry.payment))
            parts.append(Part(entry, part, share.charge_amount))
    return parts


def _show(
    request: HttpRequest, frame: Frame, found: Refundable, form: RefundForm, *, status: int = 200
) -> HttpResponse:
    notes = Document.objects.filter(refund=OuterRef("pk"), kind=DocumentKind.CREDIT_NOTE).order_by("pk")
    asked = frame.tenant.rows(Refund).select_related("payment").order_by("-id")
    asked = asked.annotate(note=Subquery(notes.values("reference")[:1]), note_label=Subquery(notes.values("label")[:1]))
    context: dict[str, Any] = {
        "form": form,
        "found": found,
        "unspent": [entry for entry in found.payments if entry.unspent > 0],
        "asked": [(row, *TONES[RefundStatus(row.status)]) for row in asked[:REQUESTS_SHOWN]],
        "symbol": "" if frame.sells_credits else SYMBOLS.get(found.currency, found.currency),
        "reason_length": REASON_LENGTH,
    }
    return render_page(request, frame, "billing/refund.html", context, current="history", status=status)
