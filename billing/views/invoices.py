"""Where a period's invoice is paid: on to the provider's page, or what a bank transfer needs.

The address stands on the invoice and in letters; it leads to the right place whatever has become of the invoice since.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.models import BillingPeriod, DocumentKind, PaymentProvider, TopUpTerms
from billing.services.postpay.references import reference_of
from billing.templatetags.moments import day_long, day_span
from billing.views.payment_pages import SeeOther
from billing.views.shell import Frame, render_page
from organizations.tenancy import Tenant, tenant_page


@require_safe
@tenant_page
def invoice_pay(request: HttpRequest, tenant: Tenant, reference: UUID) -> HttpResponse:
    """On to the provider's page while all of it is to be paid there; else how the invoice stands."""
    period = tenant.one(BillingPeriod, reference=reference)
    if period.due > 0 and period.pay_url and not _is_by_transfer(period):
        return SeeOther(period.pay_url)
    frame = Frame(request, tenant)
    return render_page(request, frame, "billing/invoice_pay.html", _context(tenant, period), current="documents")


def _is_by_transfer(period: BillingPeriod) -> bool:
    """A part payment leaves the rest to a transfer, too: the provider's page goes on asking for what it began with."""
    return period.collects_by == PaymentProvider.BANK or period.settled.amount > 0


def _context(tenant: Tenant, period: BillingPeriod) -> dict[str, Any]:
    is_bank = _is_by_transfer(period)
    terms = TopUpTerms.objects.filter(product=tenant.product).first() if is_bank else None
    document = period.documents.filter(kind=DocumentKind.INVOICE).only("reference", "label", "period_id").first()
    days = day_span(period.starts_on, period.ends_on, year=True)
    title = _("Invoice %(number)s") % {"number": document.label} if document else _("Invoice")
    due_words = _("Due on %(day)s") % {"day": day_long(period.due_on)} if period.due > 0 and period.due_on else ""
    return {
        "title": title,
        "subtitle": due_words or days,
        "period": period,
        "period_words": days,
        "document": document,
        "due": period.to_pay,
        "settled_off": -period.settled.amount,
        "is_bank": is_bank,
        "bank_lines": terms.bank_details.strip().splitlines() if terms else [],
        "bank_reference": reference_of(period.pk),
    }
