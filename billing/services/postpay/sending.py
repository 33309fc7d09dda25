"""An invoice's page at the provider: made after the closing, looked at until the invoice is paid, closed when it is.

Never in a transaction. A worker that dies between finds the invoice again by its idempotency keys; an answer that
nobody heard leaves the period as it was, for the next check.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Protocol, cast

from django.utils import timezone

from billing.models import BillingPeriod, DocumentKind, PaymentProvider, PeriodStatus
from billing.providers import provider as provider_called
from billing.providers.base import InvoiceFacts, InvoiceRequest, Outcome
from billing.selectors.payers import payer_of
from billing.services.postpay import paying
from billing.services.postpay.reckoning import ASKED

NOON = time(12)


class InvoiceProvider(Protocol):
    """What a provider of invoices does besides `billing.providers.base.Provider`."""

    def send_invoice(self, request: InvoiceRequest) -> InvoiceFacts:
        """Send, or repeat that: PENDING with a page to pay on."""

    def look_up_invoice(self, provider_reference: str) -> InvoiceFacts:
        """How it stands."""

    def close_invoice(self, provider_reference: str, *, is_paid: bool) -> InvoiceFacts:
        """Have nobody pay it any more."""


def bring_up_to_date(period: BillingPeriod) -> bool:
    """Do at the provider what the period's invoice asks for; says whether it answered.

    Raises ProviderError where it refused; nothing is lost then.
    """
    if period.collects_by != PaymentProvider.STRIPE:
        return True
    stripe = cast(InvoiceProvider, provider_called(PaymentProvider.STRIPE.value))
    if period.status in ASKED and not period.pay_url:
        facts = stripe.send_invoice(request_of(period))
    elif period.status in ASKED:
        facts = stripe.look_up_invoice(period.provider_reference)
    elif period.provider_reference:
        facts = stripe.close_invoice(period.provider_reference, is_paid=period.status == PeriodStatus.PAID)
    else:
        return True
    paying.settle(facts=facts)
    return facts.outcome != Outcome.UNKNOWN


def request_of(period: BillingPeriod) -> InvoiceRequest:
    """What the provider is asked for: what is still to be paid, by the end of the day it is due."""
    account = period.wallet.account
    document = period.documents.filter(kind=DocumentKind.INVOICE).get()
    assert period.due_on is not None
    assert period.closed_at is not None
    due_at = datetime.combine(period.due_on, NOON, UTC)
    number = f"{account.product.name}: {document.label}"
    return InvoiceRequest(
        reference=str(period.reference),
        number=number,
        amount=period.to_pay,
        currency=str(period.currency),
        description=f"{number}, {period.starts_on} to {period.ends_on}",
        payer=payer_of(account),
        due_at=max(due_at, timezone.now() + timedelta(days=1)) if due_at < timezone.now() else due_at,
        asked_at=period.closed_at,
        provider_reference=period.provider_reference,
    )
