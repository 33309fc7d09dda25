"""Bank transfer: an invoice to pay by the customer's bank, that staff mark paid. There is nobody to ask.

A charge is the reference to quote; money comes only by `billing.services.bank.record_transfer`, and goes back only when
staff have sent it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from billing.providers.base import (
    BadNoticeError,
    ChargeRequest,
    DisputeFacts,
    Facts,
    Notice,
    Outcome,
    PaymentFacts,
    ProviderError,
    RefundFacts,
    RefundRequest,
)


def reference_of(order: int) -> str:
    """What the customer quotes on the transfer of this order."""
    return f"TU-{order:06d}"


class BankProvider:
    """The provider without a server."""

    slug = "bank"

    def is_ready(self) -> bool:
        """Always: it needs no keys."""
        return True

    def is_stand_in(self) -> bool:
        """Never: what staff record is real."""
        return False

    def is_live(self) -> bool:
        """Always real money."""
        return True

    def charge(self, request: ChargeRequest) -> PaymentFacts:
        """Wait for a transfer that quotes the reference."""
        return self._waiting(request)

    def look_up(self, request: ChargeRequest) -> PaymentFacts:
        """Still waiting, as far as anybody but staff knows."""
        return self._waiting(request)

    def give_up(self, request: ChargeRequest) -> PaymentFacts:
        """Nothing to close: a transfer may be under way, so staff cancel invoices."""
        return self._waiting(request)

    def save_card(self, request: ChargeRequest) -> str:
        """Raises ProviderError."""
        raise ProviderError("A bank transfer saves no card.")

    def refund(self, request: RefundRequest) -> RefundFacts:
        """Staff send it by hand and then say so."""
        return RefundFacts(Outcome.PENDING, request.provider_reference, request.reference)

    def look_up_refund(self, request: RefundRequest) -> RefundFacts:
        """The same: only staff know."""
        return self.refund(request)

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Raises BadNoticeError: banks send none."""
        raise BadNoticeError("Banks send no webhooks.")

    def facts_of(self, notice: Notice) -> Facts | None:
        """Nothing."""
        return None

    def payments_since(self, since: datetime) -> Iterator[PaymentFacts]:
        """Nothing: the bank's statement is on paper."""
        return iter(())

    def refunds_since(self, since: datetime) -> Iterator[RefundFacts]:
        """Nothing."""
        return iter(())

    def disputes_since(self, since: datetime) -> Iterator[DisputeFacts]:
        """Nothing."""
        return iter(())

    @staticmethod
    def _waiting(request: ChargeRequest) -> PaymentFacts:
        return PaymentFacts(
            Outcome.PENDING,
            provider_reference=reference_of(request.order),
            top_up_reference=request.reference,
            amount=request.amount,
            currency=request.currency,
            is_live=True,
        )
