"""Stripe as one of the payment providers, with what only cards and subscriptions ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from django.conf import settings

from billing.providers.base import (
    CardFacts,
    ChargeRequest,
    DisputeFacts,
    Facts,
    InvoiceFacts,
    InvoiceRequest,
    Notice,
    Payer,
    PaymentFacts,
    RefundFacts,
    RefundRequest,
    SubscriptionFacts,
    SubscriptionRequest,
)
from billing.providers.stripe import books, cards, charges, client, invoices, notices, refunds, subscriptions


class StripeProvider:
    """Every method is described where it is done."""

    slug = "stripe"

    def is_ready(self) -> bool:
        """Whether there is a key."""
        return bool(client.api_key())

    def is_stand_in(self) -> bool:
        """Whether the stand-in answers."""
        return bool(settings.STRIPE_IS_STAND_IN)

    def is_live(self) -> bool:
        """Whether the key is for real money."""
        return client.is_live()

    def charge(self, request: ChargeRequest) -> PaymentFacts:
        """Begin or repeat a payment."""
        return charges.charge(request)

    def look_up(self, request: ChargeRequest) -> PaymentFacts:
        """What became of it."""
        return charges.look_up(request)

    def give_up(self, request: ChargeRequest) -> PaymentFacts:
        """Close the page to pay on and say how it stands now."""
        return charges.give_up(request)

    def save_card(self, request: ChargeRequest) -> str:
        """The address of a page on which the payer saves a card."""
        return cards.save_card(request)

    def refund(self, request: RefundRequest) -> RefundFacts:
        """Send money back, or repeat that."""
        return refunds.refund(request)

    def look_up_refund(self, request: RefundRequest) -> RefundFacts:
        """How a refund stands."""
        return refunds.look_up_refund(request)

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Which object a webhook is about; those to dj-stripe's address come through `receivers`."""
        return notices.parse_webhook(body, headers)

    def facts_of(self, notice: Notice) -> Facts | None:
        """Re-read the object of a notice."""
        return notices.facts_of(notice)

    def payments_since(self, since: datetime) -> Iterator[PaymentFacts]:
        """Every payment since then."""
        return books.payments_since(since)

    def refunds_since(self, since: datetime) -> Iterator[RefundFacts]:
        """Every refund since then."""
        return books.refunds_since(since)

    def disputes_since(self, since: datetime) -> Iterator[DisputeFacts]:
        """Every dispute since then."""
        return books.disputes_since(since)

    def cards(self, payer: Payer) -> list[CardFacts]:
        """The account's saved cards."""
        return cards.cards(payer)

    def make_default(self, payer: Payer, reference: str) -> None:
        """Make a card the default at Stripe, too."""
        cards.make_default(payer, reference)

    def remove_card(self, reference: str) -> None:
        """Take a card away for good."""
        cards.remove_card(reference)

    def start_subscription(self, request: SubscriptionRequest) -> SubscriptionFacts:
        """Begin or repeat a subscription."""
        return subscriptions.start_subscription(request)

    def look_up_subscription(
        self, request: SubscriptionRequest, provider_reference: str, checkout_reference: str
    ) -> SubscriptionFacts:
        """How a subscription stands."""
        return subscriptions.look_up_subscription(request, provider_reference, checkout_reference)

    def end_subscription(self, provider_reference: str, *, at_period_end: bool) -> SubscriptionFacts:
        """End it now or with its period."""
        return subscriptions.end_subscription(provider_reference, at_period_end=at_period_end)

    def resume_subscription(self, provider_reference: str) -> SubscriptionFacts:
        """Let one that was to end go on."""
        return subscriptions.resume_subscription(provider_reference)

    def send_invoice(self, request: InvoiceRequest) -> InvoiceFacts:
        """Send an invoice, or repeat that."""
        return invoices.send_invoice(request)

    def look_up_invoice(self, provider_reference: str) -> InvoiceFacts:
        """How an invoice stands."""
        return invoices.look_up_invoice(provider_reference)

    def close_invoice(self, provider_reference: str, *, is_paid: bool) -> InvoiceFacts:
        """Have nobody pay an invoice any more, because it was paid elsewhere or is not asked for."""
        return invoices.close_invoice(provider_reference, is_paid=is_paid)
