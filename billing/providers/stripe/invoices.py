"""Stripe invoices for postpay periods: drafted, finalized, sent to be paid within their days (aitelier.md, 'Postpay').

Nothing is collected by itself (`auto_advance` off): the customer pays on the invoice's page. Every step has an
idempotency key of its own; whoever begins again first looks for the invoice among the customer's and takes it on from
where it stands, so that neither a key that replays a failure nor one that was forgotten makes a second one. Stripe's
own letter is sent once at most: the customer has ours, which leads to the same page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import stripe

from billing.providers.base import InvoiceFacts, InvoiceRequest, Outcome, ProviderError
from billing.providers.stripe import client, customers, facts
from billing.providers.stripe.charges import intent_facts
from billing.providers.stripe.money import minor
from billing.providers.stripe.subscriptions import intents_of

PERIOD = "period"
"""Key of an invoice's metadata."""
STATES = {"paid": Outcome.SUCCEEDED, "void": Outcome.EXPIRED, "uncollectible": Outcome.EXPIRED}
OPEN = ("draft", "open", "uncollectible")

Invoice = Mapping[str, Any]


def send_invoice(request: InvoiceRequest) -> InvoiceFacts:
    """Draft, finalize and send, or what of it is left: PENDING with a page to pay on.

    UNKNOWN where Stripe gave no answer; raises ProviderError where it refused.
    """
    try:
        customer = customers.customer_of(request.payer)
        invoice = _known(request, customer) or _drafted(request, customer)
        if invoice["status"] == "draft":
            if not invoice["lines"]["data"]:
                _put_line(request, customer, str(invoice["id"]))
            invoice = _step(request, "finalize", str(invoice["id"]))
            if request.payer.email:
                _step(request, "send", str(invoice["id"]))
        return of_invoice(_read(str(invoice["id"])))
    except stripe.StripeError as error:
        if client.is_without_answer(error):
            return InvoiceFacts(Outcome.UNKNOWN, request.provider_reference, request.reference)
        raise ProviderError(client.words(error)) from error


def look_up_invoice(reference: str) -> InvoiceFacts:
    """How it stands. Raises ProviderUnavailableError without an answer."""
    try:
        with client.asking():
            return of_invoice(_read(reference))
    except client.MissingError:
        return InvoiceFacts(Outcome.MISSING, reference)


def close_invoice(reference: str, *, is_paid: bool) -> InvoiceFacts:
    """Close its page: paid outside of Stripe, or void. One that is over stays as it is. Raises ProviderError."""
    with client.asking():
        asked = client.client().v1.invoices
        if _read(reference)["status"] in OPEN:
            if is_paid:
                asked.pay(reference, {"paid_out_of_band": True}, {"idempotency_key": f"invoice-paid-{reference}"})
            else:
                asked.void_invoice(reference, {}, {"idempotency_key": f"invoice-void-{reference}"})
        return of_invoice(_read(reference))


def of_invoice(invoice: Invoice) -> InvoiceFacts:
    """An invoice, read with `payments` expanded. Raises stripe.StripeError: its payments are read one by one."""
    reference = period_of(invoice)
    return InvoiceFacts(
        outcome=STATES.get(invoice["status"], Outcome.PENDING),
        provider_reference=str(invoice["id"]),
        period_reference=reference,
        account_id=customers.account_of(invoice.get("customer")),
        pay_url=str(invoice.get("hosted_invoice_url") or ""),
        payments=tuple(
            replace(intent_facts(intent), period_reference=reference) for intent in reversed(intents_of(invoice))
        ),
    )


def period_of(invoice: Invoice) -> str:
    """Our reference of the period that an invoice is for; empty when it is for none."""
    return str((invoice.get("metadata") or {}).get(PERIOD, ""))


def _read(reference: str) -> dict[str, Any]:
    found: dict[str, Any] = client.client().v1.invoices.retrieve(reference, {"expand": ["payments"]}).to_dict()
    return found


def _known(request: InvoiceRequest, customer: str) -> dict[str, Any] | None:
    """The invoice that an earlier attempt made."""
    if request.provider_reference:
        return _read(request.provider_reference)
    since = int(request.asked_at.timestamp()) - 3600
    listed = client.client().v1.invoices.list({"customer": customer, "created": {"gte": since}, "limit": 100})
    for each in listed.auto_paging_iter():
        if period_of(each.to_dict()) == request.reference:
            return _read(str(each.id))
    return None


def _drafted(request: InvoiceRequest, customer: str) -> dict[str, Any]:
    made = client.client().v1.invoices.create(
        {
            "customer": customer,
            "collection_method": "send_invoice",
            "due_date": int(request.due_at.timestamp()),
            "auto_advance": False,
            "currency": request.currency.lower(),
            "description": request.number,
            "metadata": {PERIOD: request.reference, facts.ACCOUNT: str(request.payer.account_id)},
            "pending_invoice_items_behavior": "exclude",
        },
        {"idempotency_key": f"invoice-{request.reference}"},
    )
    found: dict[str, Any] = made.to_dict()
    return found


def _put_line(request: InvoiceRequest, customer: str, invoice: str) -> None:
    client.client().v1.invoice_items.create(
        {
            "customer": customer,
            "invoice": invoice,
            "amount": minor(request.amount, request.currency),
            "currency": request.currency.lower(),
            "description": request.description,
        },
        {"idempotency_key": f"invoice-item-{request.reference}"},
    )


def _step(request: InvoiceRequest, name: str, invoice: str) -> dict[str, Any]:
    asked = client.client().v1.invoices
    steps: dict[str, Any] = {"finalize": asked.finalize_invoice, "send": asked.send_invoice}
    done = steps[name](invoice, {}, {"idempotency_key": f"invoice-{name}-{request.reference}"})
    found: dict[str, Any] = done.to_dict()
    return found
