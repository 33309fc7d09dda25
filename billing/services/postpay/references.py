"""What an invoice to pay is called outside: on a bank transfer, and as the address of its page."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from billing.models import BillingPeriod


def reference_of(period_id: int) -> str:
    """What the customer quotes on the transfer for this period's invoice."""
    return f"IN-{period_id:06d}"


def pay_page(period: BillingPeriod) -> str:
    """The full address that leads to the page where the invoice is paid, as it stands on the invoice for good."""
    return str(settings.SITE_URL) + reverse("invoice_pay", args=[period.reference])
