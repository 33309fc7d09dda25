"""Notices of every event with facts as services tell them: what words are tried on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from notifications.models import Event

WALLET = {"currency": "USD", "balance": "4.25", "spent": "16.5", "threshold": "10", "cap": "20", "floor": "0.1"}
CREDITS = {"currency": "CREDIT", "balance": "12", "spent": "38", "threshold": "50", "floor": "0"}
POSTPAY = {"currency": "USD", "balance": "-450", "spent": "50", "credit_limit": "500"}
PAID = {
    "top_up": "0d3b2f9e-6f0e-4f62-8f55-0d8f3b0c7a11",
    "amount": "50.000000",
    "currency": "USD",
    "paid": "54.440000",
    "tax": "4.440000",
    "price_currency": "USD",
    "charged": "54.440000",
    "charge_currency": "USD",
    "card": "Visa ending 4242",
    "provider": "stripe",
    "balance": "63.25",
}
FAILED = {
    "reason": "card_declined",
    "amount": "200",
    "currency": "CREDIT",
    "price": "100.00",
    "price_currency": "USD",
    "card": "Visa ending 4242",
    "message": "Your card has insufficient funds.",
    "balance": "12",
    "next_attempt_at": "2026-03-15T13:05:00+00:00",
}
BANK_WAY = {"card": "", "provider": "bank", "back": "20.00", "currency": "USD"}
CARD_WAY = {"card": "Visa ending 4242", "provider": "stripe", "back": "54.44", "currency": "USD"}
REFUND = {"amount": "50", "currency": "USD", "ways": [CARD_WAY]}
DISPUTE = {"taken": "54.44", "charge_currency": "USD", "amount": "50", "currency": "USD"}
PLAN = {"plan": "Practice", "allotment": "200", "currency": "CREDIT"}
INVOICE = {
    "number": "INV-2026-0042",
    "total": "1250.00",
    "currency": "USD",
    "due_on": "2026-04-14",
    "blocks_on": "2026-04-17",
    "period": "4c2dd26b-5c0e-4b3c-b6f4-6ac1f7a3a9c3",
}
DOCUMENT = {
    "number": "INV-2026-0042",
    "total": "1250.00",
    "currency": "USD",
    "due_on": "",
    "reference": "9b3ff1cc-20fd-4a35-9b20-3f2a0b9f8a51",
}


@dataclass(frozen=True)
class Sample:
    """A notice to put into words; what `optional` names may be missing among its facts."""

    event: Event
    facts: dict[str, Any]
    product: str = "aipbx"
    optional: tuple[str, ...] = ()


SAMPLES: dict[str, Sample] = {
    "low": Sample(Event.LOW_BALANCE, WALLET),
    "low, cut off": Sample(Event.LOW_BALANCE, CREDITS, "atllasx"),
    "low, with a floor": Sample(Event.LOW_BALANCE, WALLET, "letustalk"),
    "refused, empty": Sample(Event.CALLS_REFUSED, {**WALLET, "balance": "-0.03", "reason": "insufficient_balance"}),
    "refused, floor": Sample(Event.CALLS_REFUSED, {**WALLET, "balance": "0.05", "reason": "insufficient_balance"}),
    "refused, suspended": Sample(Event.CALLS_REFUSED, {**WALLET, "reason": "account_suspended"}),
    "refused, frozen": Sample(Event.CALLS_REFUSED, {**WALLET, "reason": "wallet_frozen"}),
    "refused, overdue": Sample(Event.CALLS_REFUSED, {**POSTPAY, "reason": "payment_overdue"}),
    "accepted": Sample(Event.CALLS_ACCEPTED, WALLET),
    "cap near": Sample(Event.CAP_NEAR, WALLET),
    "cap reached": Sample(Event.CAP_REACHED, {**WALLET, "spent": "20.4"}),
    "credit near": Sample(Event.CREDIT_NEAR, POSTPAY, "aitelier"),
    "credit reached": Sample(Event.CREDIT_REACHED, POSTPAY, "aitelier"),
    "topped up": Sample(Event.TOPPED_UP, PAID),
    "topped up in roubles": Sample(
        Event.TOPPED_UP, {**PAID, "card": "", "provider": "robokassa", "charged": "4899.6", "charge_currency": "RUB"}
    ),
    "topped up by itself": Sample(
        Event.AUTO_TOP_UP_DONE, {**PAID, "amount": "200", "currency": "CREDIT", "tax": "0", "balance": "212"}, "atllasx"
    ),
    "declined": Sample(Event.AUTO_TOP_UP_FAILED, FAILED, "atllasx", ("next_attempt_at",)),
    "no card": Sample(
        Event.AUTO_TOP_UP_FAILED, {**FAILED, "reason": "no_payment_method", "card": "", "message": ""}, "atllasx"
    ),
    "to confirm": Sample(Event.AUTO_TOP_UP_FAILED, {**FAILED, "reason": "needs_confirmation"}, "atllasx"),
    "internal": Sample(
        Event.AUTO_TOP_UP_FAILED, {**FAILED, "reason": "internal_error", "currency": "USD", "amount": "100"}, "aitelier"
    ),
    "disabled": Sample(Event.AUTO_TOP_UP_DISABLED, FAILED, "aitelier", ("next_attempt_at",)),
    "ceiling": Sample(Event.AUTO_TOP_UP_CEILING, {"ceiling": "500", "currency": "USD", "balance": "4.25"}, "aitelier"),
    "card expires": Sample(Event.CARD_EXPIRING, {"card": "Visa ending 4242", "expires_on": "2026-03-31"}),
    "card expired": Sample(Event.CARD_EXPIRING, {"card": "Visa ending 4242", "expires_on": "2026-02-28"}),
    "refund requested": Sample(Event.REFUND, {**REFUND, "state": "requested", "ways": [CARD_WAY, BANK_WAY]}),
    "refund approved": Sample(Event.REFUND, {**REFUND, "state": "approved"}),
    "refund declined": Sample(Event.REFUND, {**REFUND, "state": "declined", "decision": "Used as a bonus"}),
    "refund sent": Sample(Event.REFUND, {**REFUND, "state": "succeeded"}),
    "refund failed": Sample(Event.REFUND, {**REFUND, "state": "failed", "ways": [BANK_WAY]}),
    "dispute opened": Sample(Event.DISPUTE, {**DISPUTE, "state": "opened"}),
    "dispute won": Sample(Event.DISPUTE, {**DISPUTE, "state": "won"}),
    "dispute lost": Sample(Event.DISPUTE, {**DISPUTE, "state": "lost"}),
    "month paid": Sample(
        Event.SUBSCRIPTION,
        {
            **PLAN,
            "state": "paid",
            "paid": "87.10",
            "tax": "7.10",
            "price_currency": "USD",
            "card": "Visa ending 4242",
            "receipt_url": "https://pay.example/receipts/1",
            "next_at": "2026-04-15T09:00:00+00:00",
        },
        "atllasx",
        ("next_at",),
    ),
    "month paid without a receipt": Sample(
        Event.SUBSCRIPTION,
        {**PLAN, "state": "paid", "paid": "80", "tax": "0", "price_currency": "USD", "card": "", "receipt_url": ""},
        "atllasx",
    ),
    "month not paid": Sample(Event.SUBSCRIPTION, {**PLAN, "state": "unpaid"}, "atllasx"),
    "plan ends": Sample(
        Event.SUBSCRIPTION, {**PLAN, "state": "ending", "ends_at": "2026-04-15T03:00:00+00:00"}, "atllasx"
    ),
    "plan ended": Sample(Event.SUBSCRIPTION, {**PLAN, "state": "ended"}, "atllasx"),
    "allotment": Sample(
        Event.ALLOTMENT_RESET,
        {"allotment": "200", "currency": "CREDIT", "next_at": "2026-04-15T09:00:00+00:00"},
        "atllasx",
        ("next_at",),
    ),
    "receipt": Sample(Event.DOCUMENT_READY, {**DOCUMENT, "kind": "receipt"}),
    "invoice for a top-up": Sample(Event.DOCUMENT_READY, {**DOCUMENT, "kind": "proforma"}),
    "invoice": Sample(Event.DOCUMENT_READY, {**DOCUMENT, "kind": "invoice", "due_on": "2026-04-14"}),
    "certificate": Sample(Event.DOCUMENT_READY, {**DOCUMENT, "kind": "certificate"}),
    "credit note": Sample(Event.DOCUMENT_READY, {**DOCUMENT, "kind": "credit_note"}),
    "invoice due": Sample(Event.INVOICE_DUE, INVOICE, "aitelier"),
    "invoice overdue": Sample(Event.INVOICE_OVERDUE, INVOICE, "aitelier"),
    "export": Sample(
        Event.EXPORT_READY,
        {"first_day": "2026-01-01", "last_day": "2026-03-31", "expires_at": "2026-05-01T09:00:00+00:00"},
        "aitelier",
    ),
    "coupon": Sample(
        Event.COUPON_REDEEMED,
        {
            "code": "SPRING-7KQ4-XM2P",
            "amount": "500",
            "currency": "INR",
            "balance": "925.5",
            "expires_at": "2026-06-13T18:30:00+00:00",
        },
        "osmtalk",
        ("expires_at",),
    ),
    "credit expires": Sample(
        Event.GRANT_EXPIRING,
        {"kind": "promo", "amount": "0.5", "currency": "USD", "expires_at": "2026-03-22T04:00:00+00:00"},
        "letustalk",
    ),
    "allotment expires": Sample(
        Event.GRANT_EXPIRING,
        {"kind": "allotment", "amount": "41", "currency": "CREDIT", "expires_at": "2026-03-22T04:00:00+00:00"},
        "atllasx",
    ),
    "live": Sample(
        Event.PROJECT_MODE, {"project": "Front desk", "mode": "live", "by": "Anna Berg"}, "aitelier", ("by",)
    ),
    "sandbox": Sample(Event.PROJECT_MODE, {"project": "Front desk", "mode": "sandbox", "by": ""}, "aitelier"),
    "spike": Sample(
        Event.SPENDING_SPIKE,
        {"spent": "18.412", "usual": "2.1", "currency": "USD", "hour": "2026-03-15T08:00:00+00:00"},
    ),
    "silent": Sample(Event.SERVICE_SILENT, {"since": "2026-03-15T08:41:00+00:00"}),
    "test": Sample(Event.TEST, {"user": 1}),
}
