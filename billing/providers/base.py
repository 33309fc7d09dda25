"""What the house asks of a payment provider, and what it is told: plain facts, no rows.

A provider talks to its own server and to nothing else: it renders no pages, writes no state of ours and calls no
services. Amounts are major units as `Decimal` in the currency beside them. A call that may have had an effect and got
no answer does not raise: its outcome is UNKNOWN, and asking again with the same reference is safe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol


class ProviderError(Exception):
    """The provider refused, and nothing happened; the text says why, for staff."""


class ProviderUnavailableError(ProviderError):
    """The provider did not answer a question; nothing was changed by asking, and it may be asked again."""


class BadNoticeError(ProviderError):
    """A webhook that is not the provider's: no signature, a wrong or an old one, or no sense."""


class Outcome(StrEnum):
    """What is known about a payment, a refund or a subscription at the provider."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    MISSING = "missing"
    """The provider knows of no such thing."""


BARE_REFUSAL = "Your card was declined"  # Stripe's words for no reason at all


class FailureReason(StrEnum):
    """Why a charge did not succeed, as a customer can act on it (atllasx.md, 'Failed Payments')."""

    NO_PAYMENT_METHOD = "no_payment_method"
    CARD_DECLINED = "card_declined"
    NEEDS_CONFIRMATION = "needs_confirmation"
    INTERNAL_ERROR = "internal_error"
    CEILING_REACHED = "ceiling_reached"


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose payment it is: the account, as the provider's customer."""

    account_id: int
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """A top-up to be paid: on the provider's page, or, with `card_reference`, off-session at once.

    `reference` is the top-up's UUID: the idempotency key and what the provider carries along. `order` is its number,
    for providers that count orders. `asked_at` is when it was first asked, because keys are forgotten after a day.
    """

    reference: str
    order: int
    amount: Decimal
    currency: str
    description: str
    payer: Payer
    asked_at: datetime
    success_url: str = ""
    cancel_url: str = ""
    expires_at: datetime | None = None
    card_reference: str = ""
    saves_card: bool = False
    language: str = "en"
    provider_reference: str = ""
    """What an earlier answer called it, empty when there was none."""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """A saved card; `account_id` is None for a customer that is not ours."""

    reference: str
    account_id: int | None
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    is_removed: bool = False


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """A payment as the provider has it now. `provider_reference` is the attempt (a session, an order), by which it is
    asked about; `payment_reference` the payment itself, empty until there is one."""

    outcome: Outcome
    provider_reference: str = ""
    payment_reference: str = ""
    charge_reference: str = ""
    top_up_reference: str = ""
    subscription_reference: str = ""
    period_reference: str = ""
    account_id: int | None = None
    amount: Decimal | None = None
    currency: str = ""
    is_live: bool = False
    paid_at: datetime | None = None
    expires_at: datetime | None = None
    redirect_url: str = ""
    receipt_url: str = ""
    card: CardFacts | None = None
    failure: FailureReason | None = None
    failure_code: str = ""
    failure_message: str = ""
    """In the provider's words, fit to show the customer."""
    details: Mapping[str, Any] = field(default_factory=dict)


UNANSWERED = "unanswered"
"""How a provider without idempotency keys names a refund that may have reached it: never sent again, staff look."""


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """Money to be sent back to the payment it came from. `reference` is the refund's UUID and idempotency key."""

    reference: str
    payment_reference: str
    amount: Decimal
    currency: str
    asked_at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)
    """The payment's details, such as Robokassa's OpKey."""
    provider_reference: str = ""


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """A refund as the provider has it now; `refund_reference` is ours, empty for one made at the provider."""

    outcome: Outcome
    provider_reference: str = ""
    refund_reference: str = ""
    payment_reference: str = ""
    amount: Decimal | None = None
    currency: str = ""
    failure_message: str = ""


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """A dispute as the provider has it now; `status` is inquiry, opened, won or lost."""

    provider_reference: str
    payment_reference: str
    charge_reference: str
    amount: Decimal
    currency: str
    status: str
    reason: str
    opened_at: datetime
    evidence_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """A monthly subscription to be begun on the provider's page. `amount` is a month's price with tax."""

    reference: str
    name: str
    amount: Decimal
    currency: str
    payer: Payer
    success_url: str
    cancel_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SubscriptionFacts:
    """A subscription as the provider has it now: ACTIVE is SUCCEEDED, past due is FAILED, ended is EXPIRED."""

    outcome: Outcome
    provider_reference: str = ""
    checkout_reference: str = ""
    subscription_reference: str = ""
    account_id: int | None = None
    redirect_url: str = ""
    period_start: datetime | None = None
    period_end: datetime | None = None
    ends_at_period_end: bool = False
    payments: tuple[PaymentFacts, ...] = ()
    """The paid invoices, oldest first."""


@dataclass(frozen=True, slots=True)
class InvoiceRequest:
    """An invoice of ours to be paid on the provider's page. `reference` is the period's UUID and idempotency key."""

    reference: str
    number: str
    amount: Decimal
    currency: str
    description: str
    payer: Payer
    due_at: datetime
    asked_at: datetime
    provider_reference: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """An invoice as the provider has it now: SUCCEEDED is paid, by whatever means, EXPIRED is to be paid by nobody."""

    outcome: Outcome
    provider_reference: str = ""
    period_reference: str = ""
    account_id: int | None = None
    pay_url: str = ""
    payments: tuple[PaymentFacts, ...] = ()
    """What was paid of it through the provider, oldest first."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a webhook says: which object to look at. It proves nothing."""

    provider: str
    event_id: str
    kind: str
    object_kind: str
    object_id: str


class Provider(Protocol):
    """A payment provider. Questions raise ProviderUnavailableError when there is no answer."""

    slug: str

    def is_ready(self) -> bool:
        """Whether its keys are set, so that it can be offered."""

    def is_stand_in(self) -> bool:
        """Whether no real money moves because a stand-in answers: pages that take money say so."""

    def is_live(self) -> bool:
        """Whether it is configured for real money; facts of the other mode are not ours."""

    def charge(self, request: ChargeRequest) -> PaymentFacts:
        """Begin or repeat a payment: PENDING with a page to pay on, or, by a saved card, its outcome.

        Raises ProviderError when the request itself is refused, which means that nothing was charged.
        """

    def look_up(self, request: ChargeRequest) -> PaymentFacts:
        """What became of it, found by `provider_reference` or, without one, by our reference."""

    def give_up(self, request: ChargeRequest) -> PaymentFacts:
        """Close the page to pay on, where that is possible, and say how it stands now."""

    def save_card(self, request: ChargeRequest) -> str:
        """The address of a page on which the payer saves a card. Raises ProviderError where cards cannot be saved."""

    def refund(self, request: RefundRequest) -> RefundFacts:
        """Send money back, or repeat that. Raises ProviderError when it is refused: nothing went back."""

    def look_up_refund(self, request: RefundRequest) -> RefundFacts:
        """How a refund stands."""

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """Which object a webhook is about. Raises BadNoticeError."""

    def facts_of(self, notice: Notice) -> Facts | None:
        """Re-read the object of a notice; None where it is nothing that we act on."""

    def payments_since(self, since: datetime) -> Iterator[PaymentFacts]:
        """Every payment of the provider's books since then, for reconciliation; empty where it keeps no list."""

    def refunds_since(self, since: datetime) -> Iterator[RefundFacts]:
        """Every refund since then."""

    def disputes_since(self, since: datetime) -> Iterator[DisputeFacts]:
        """Every dispute since then."""


Facts = PaymentFacts | CardFacts | RefundFacts | DisputeFacts | SubscriptionFacts | InvoiceFacts
