"""What became of a top-up: processing, successful, failed or closed; also the invoice of a bank transfer.

While its outcome is open the page asks the provider itself, at most every few seconds and outside any transaction, so
that a lost webhook keeps nobody waiting. It updates by htmx; without scripts it reloads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.models import Payment, PaymentProvider, TopUp, TopUpOrigin, TopUpStatus, TopUpTerms, Transaction
from billing.providers import provider as provider_called
from billing.providers.bank import reference_of
from billing.providers.base import ProviderUnavailableError
from billing.selectors.documents import papers_of_top_up
from billing.services import top_ups
from billing.templatetags.money import number
from billing.views.payment_pages import SeeOther
from billing.views.roles import may_pay, require_payer
from billing.views.shell import Frame, render_page
from billing.views.tax_words import treatment_note
from organizations.tenancy import Tenant, tenant_page

ASK_SECONDS = 3
QUICK_FOR = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Received:
    """Money that arrived for the top-up, and the balance around it."""

    payment: Payment
    before: Decimal | None
    after: Decimal | None
    at: datetime


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def top_up_result(request: HttpRequest, tenant: Tenant, reference: UUID) -> HttpResponse:
    """The page of one top-up. `?closed=1` is how a provider sends back who did not pay; POST closes the page, too."""
    row = tenant.one(TopUp, reference=reference)
    if request.method == "POST":
        require_payer(tenant)
        top_ups.give_up(top_up_id=row.pk)
        return SeeOther(reverse("top_up_result", args=[reference]))
    if row.is_in_flight and "closed" in request.GET and may_pay(tenant) and not tenant.is_viewed:
        row = top_ups.give_up(top_up_id=row.pk)
    else:
        row = _asked_again(tenant, row)
    frame = Frame(request, tenant)
    return render_page(request, frame, "billing/top_up_result.html", _context(frame, row), current="top_up")


@require_safe
@tenant_page
def top_up_status(request: HttpRequest, tenant: Tenant, reference: UUID) -> HttpResponse:
    """The changing part of the page, for htmx."""
    row = _asked_again(tenant, tenant.one(TopUp, reference=reference))
    frame = Frame(request, tenant)
    return render_page(request, frame, "billing/top_up_result/update.html", _context(frame, row), current="top_up")


def _asked_again(tenant: Tenant, row: TopUp) -> TopUp:
    """The top-up as the provider has it now; as it was when there is nothing to ask, no answer, or staff only look."""
    waits = row.is_in_flight and row.provider != PaymentProvider.BANK and not tenant.is_viewed
    if not waits or not cache.add(f"top-up-asked:{row.pk}", 1, ASK_SECONDS):
        return row
    try:
        return top_ups.check(top_up_id=row.pk)
    except ProviderUnavailableError:
        return row


def _context(frame: Frame, row: TopUp) -> dict[str, Any]:
    received = _received(row)
    is_invoice = row.provider == PaymentProvider.BANK
    paid = sum((each.payment.charge_amount.amount for each in received), Decimal(0))
    credited = sum((each.payment.amount.amount for each in received), Decimal(0)) if received else row.amount.amount
    terms = TopUpTerms.objects.only("bank_details").get(product=frame.tenant.product) if is_invoice else None
    return {
        "top_up": row,
        "title": _title(row),
        "step": 3 if row.status == TopUpStatus.SUCCEEDED else 2,
        "is_invoice": is_invoice,
        "is_automatic": row.origin == TopUpOrigin.AUTO,
        "tax_lines": [{**line, "amount": Decimal(line["amount"])} for line in row.tax_lines],
        "tax_note": treatment_note(row.tax_treatment),
        "rate": number(row.exchange_rate, least=2, most=8) if row.exchange_rate is not None else "",
        "received": received,
        "papers": papers_of_top_up(row.pk),
        "paid": paid,
        "credited": credited,
        "is_paid_otherwise": bool(received) and paid != row.charge_amount.amount,
        "open_amount": row.charge_amount.amount - paid,
        "bank_lines": terms.bank_details.strip().splitlines() if terms else [],
        "bank_reference": reference_of(row.pk),
        "poll_seconds": 2 if frame.now - row.created_at < QUICK_FOR else 15,
        "again_href": frame.link(
            "top_up",
            amount=f"{row.amount.amount.normalize():f}",
            provider=row.provider,
            organization=row.organization_id,
        ),
        "is_stand_in": provider_called(row.provider).is_stand_in(),
    }


def _received(row: TopUp) -> list[Received]:
    """The payments of a top-up, oldest first, each with the balance before and after it."""
    payments = list(row.payments.order_by("id"))
    numbers = [payment.transaction_number for payment in payments if payment.transaction_number is not None]
    posted = {
        posting.number: posting
        for posting in Transaction.objects.filter(wallet=row.wallet_id, number__in=numbers).only(
            "number", "amount", "currency", "balance_after"
        )
    }
    found = []
    for payment in payments:
        posting = posted.get(payment.transaction_number or 0)
        after = posting.balance_after.amount if posting else None
        before = after - posting.amount.amount if posting and after is not None else None
        found.append(Received(payment, before, after, payment.paid_at))
    return found


def _title(row: TopUp) -> str:
    if row.status == TopUpStatus.SUCCEEDED:
        return _("Payment received")
    if row.status == TopUpStatus.FAILED:
        return _("The payment failed")
    if row.status == TopUpStatus.EXPIRED:
        return _("Nothing was paid")
    if row.provider == PaymentProvider.BANK:
        return _("Invoice for a bank transfer")
    return _("Waiting for the payment")
