"""Robokassa as a payment provider. Its accounts are unknown to us: an order is ours by its number and its UUID.

Asking for a payment is no call, only a signed address, so nothing about it can be left unknown; what becomes of it is
looked up by the order's number. It saves no cards, tells of no disputes and keeps no list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NoReturn

from django.utils import timezone

from billing.providers.base import (
    ChargeRequest,
    DisputeFacts,
    Notice,
    Outcome,
    PaymentFacts,
    ProviderError,
    ProviderUnavailableError,
    RefundFacts,
    RefundRequest,
)
from billing.providers.robokassa import orders, page, refunds, results, signatures
from billing.providers.robokassa.orders import Order
from billing.providers.robokassa.shop import Shop, shop

EXPIRY_LEEWAY = timedelta(minutes=15)
"""After its page has closed, an order that was not paid counts as over: clocks differ, and a bank takes its time."""

OUTCOMES = {
    orders.PAID: Outcome.SUCCEEDED,
    orders.CANCELLED: Outcome.EXPIRED,
    orders.RETURNED: Outcome.FAILED,
}
RETURNED = "The payment was not accepted, and the money went back to you."


class RobokassaProvider:
    """The shop of the settings."""

    slug = "robokassa"

    def is_ready(self) -> bool:
        """Whether the shop and its passwords are set; refunds need the third as well."""
        own = shop()
        return bool(own.login and own.password1 and own.password2) and signatures.is_known(own.algorithm)

    def is_stand_in(self) -> bool:
        """Whether the stand-in answers."""
        return shop().is_stand_in

    def is_live(self) -> bool:
        """Whether payments are real money."""
        own = shop()
        return not (own.is_test or own.is_stand_in)

    def charge(self, request: ChargeRequest) -> PaymentFacts:
        """The page to pay on. Raises ProviderError for what Robokassa cannot take, such as a saved card."""
        if request.card_reference or request.saves_card:
            raise ProviderError("Robokassa saves no cards.")
        return PaymentFacts(
            outcome=Outcome.PENDING,
            provider_reference=str(request.order),
            top_up_reference=request.reference,
            amount=request.amount,
            currency=request.currency,
            is_live=self.is_live(),
            expires_at=request.expires_at,
            redirect_url=page.address(self._ready(), request),
        )

    def look_up(self, request: ChargeRequest) -> PaymentFacts:
        """How the order stands. One whose page nobody opened is PENDING while it could be, then EXPIRED.

        Raises ProviderUnavailableError.
        """
        invoice = request.provider_reference or str(request.order)
        own = self._ready()
        order = None if own.is_test else orders.look_up(own, invoice)
        if order is not None and order.state != orders.NEW:
            return self._facts(invoice, order)
        over = request.expires_at is not None and timezone.now() > request.expires_at + EXPIRY_LEEWAY
        return PaymentFacts(
            outcome=Outcome.EXPIRED if over else Outcome.PENDING,
            provider_reference=invoice,
            top_up_reference=order.top_up if order and order.top_up else request.reference,
            is_live=self.is_live(),
            expires_at=request.expires_at,
        )

    def _facts(self, invoice: str, order: Order) -> PaymentFacts:
        paid, returned = order.state == orders.PAID, order.state == orders.RETURNED
        details = {"OpKey": order.operation, "method": order.method, "account": order.account}
        return PaymentFacts(
            outcome=OUTCOMES.get(order.state, Outcome.PENDING),
            provider_reference=invoice,
            payment_reference=invoice if paid else "",
            top_up_reference=order.top_up,
            amount=order.amount,
            currency="RUB",
            is_live=self.is_live(),
            paid_at=order.changed_at if paid else None,
            failure_code="returned" if returned else "",
            failure_message=RETURNED if returned else "",
            details={name: value for name, value in details.items() if value},
        )

    def give_up(self, request: ChargeRequest) -> PaymentFacts:
        """How it stands: Robokassa's page cannot be closed from here, it closes by itself."""
        return self.look_up(request)

    def save_card(self, request: ChargeRequest) -> NoReturn:
        """Not here."""
        raise ProviderError("Robokassa saves no cards.")

    def refund(self, request: RefundRequest) -> RefundFacts:
        """Send money back, or look at a request made before. Raises ProviderError when it is refused.

        A request without an answer is never repeated, see `refunds`.
        """
        if request.provider_reference:
            return self.look_up_refund(request)
        own = self._ready()
        if not own.password3:
            raise ProviderError("Refunds through Robokassa need ROBOKASSA_PASSWORD3.")
        if request.currency != "RUB":
            raise ProviderError(f"Robokassa pays roubles back, not {request.currency}.")
        operation = str(request.details.get("OpKey") or "")
        if not operation:
            order = orders.look_up(own, request.payment_reference)
            operation = order.operation if order else ""
        if not operation:
            raise ProviderError("Robokassa names no operation of this payment; test payments cannot be refunded.")
        return refunds.create(own, request, operation=operation)

    def look_up_refund(self, request: RefundRequest) -> RefundFacts:
        """How a refund stands. Raises ProviderUnavailableError."""
        return refunds.look_up(self._ready(), request)

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Which order a ResultURL call is about; `body` is its form, or its query. Raises BadNoticeError."""
        own = shop()
        return results.notice_of(results.parse(own, body, password=own.password2))

    def facts_of(self, notice: Notice) -> PaymentFacts | None:
        """The order of a notice as Robokassa has it now; a test payment as its signed notice told it.

        Raises ProviderUnavailableError, also for an order that a notice told of and a look-up does not know yet.
        """
        own = self._ready()
        if notice.kind == results.TEST_RESULT:
            tested = results.result_of(own, notice)
            return self._of_test(tested) if tested else None
        order = orders.look_up(own, notice.object_id)
        if order is None:
            raise ProviderUnavailableError(f"Robokassa knows of no order {notice.object_id} yet.")
        return self._facts(notice.object_id, order)

    def _of_test(self, result: results.Result) -> PaymentFacts:
        return PaymentFacts(
            outcome=Outcome.SUCCEEDED,
            provider_reference=result.invoice,
            payment_reference=result.invoice,
            top_up_reference=result.top_up,
            amount=result.amount,
            currency="RUB",
            is_live=False,
            paid_at=timezone.now(),
        )

    def payments_since(self, since: datetime) -> Iterator[PaymentFacts]:
        """Robokassa keeps no list: orders are looked up one by one."""
        return iter(())

    def refunds_since(self, since: datetime) -> Iterator[RefundFacts]:
        """Robokassa keeps no list."""
        return iter(())

    def disputes_since(self, since: datetime) -> Iterator[DisputeFacts]:
        """Robokassa tells of none."""
        return iter(())

    def _ready(self) -> Shop:
        if not self.is_ready():
            raise ProviderError("Robokassa is not set up: ROBOKASSA_LOGIN, _PASSWORD1 and _PASSWORD2.")
        return shop()
