"""Invoices of the stand-in: drafted, finalized, sent, paid by call or on their page, voided."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import stripe

from tests.fakes.stripe import StripeSite
from tests.fakes_tests.stripe.test_checkout import typed


@pytest.fixture
def draft(client: stripe.StripeClient, customer: stripe.Customer) -> stripe.Invoice:
    """An invoice of 12.34 USD, due in thirty days, not finalized yet."""
    invoice = client.v1.invoices.create(
        {"customer": customer.id, "collection_method": "send_invoice", "days_until_due": 30, "metadata": {"bill": "7"}}
    )
    item: Any = {"customer": customer.id, "invoice": invoice.id, "amount": 1234, "currency": "usd"}
    client.v1.invoice_items.create(item | {"description": "Calls in May"})
    return client.v1.invoices.retrieve(invoice.id)


def test_a_draft_becomes_an_open_invoice_with_its_number_and_its_page(
    client: stripe.StripeClient, site: StripeSite, draft: stripe.Invoice
) -> None:
    assert (draft.status, draft.total, draft.number, draft.hosted_invoice_url) == ("draft", 1234, None, None)
    assert draft.due_date == draft.created + 30 * 24 * 3600
    sent = client.v1.invoices.send_invoice(draft.id)
    assert (sent.status, sent.amount_due, sent.amount_remaining) == ("open", 1234, 1234)
    assert sent.number and sent.number.endswith("-0001") and sent.hosted_invoice_url
    assert [line.description for line in sent.lines.data] == ["Calls in May"]
    assert [each["type"] for each in site.events() if each["type"].startswith("invoice.")] == [
        "invoice.created",
        "invoice.finalized",
        "invoice.sent",
    ]
    with pytest.raises(stripe.InvalidRequestError, match="already finalized"):
        client.v1.invoices.finalize_invoice(draft.id)
    with pytest.raises(stripe.InvalidRequestError, match="Finalized invoices"):
        client.v1.invoices.update(draft.id, {"description": "Another"})


def test_its_page_takes_a_card_after_a_refusal(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client, draft: stripe.Invoice
) -> None:
    page = str(client.v1.invoices.finalize_invoice(draft.id).hosted_invoice_url)
    assert "Pay $12.34" in browser.get(page).text
    refused = browser.post(page, data=typed("4000000000009995"))
    assert (refused.status_code, "insufficient funds" in refused.text) == (402, True)
    assert browser.post(page, data=typed("4242424242424242")).status_code == 303
    assert "This invoice has been paid." in browser.get(page).text
    paid = client.v1.invoices.retrieve(draft.id, {"expand": ["payments"]})
    assert (paid.status, paid.amount_paid, paid.amount_remaining, paid.attempt_count) == ("paid", 1234, 0, 2)
    assert paid.payments and paid.payments.data[0].status == "paid"
    assert (len(site.events("invoice.paid")), len(site.events("invoice.payment_failed"))) == (1, 1)
    assert site.totals() == {(draft.customer, "usd"): 1234}


def test_its_page_waits_for_a_payer_who_confirms_at_the_bank(
    client: stripe.StripeClient, browser: httpx.Client, draft: stripe.Invoice
) -> None:
    page = str(client.v1.invoices.finalize_invoice(draft.id).hosted_invoice_url)
    bank = browser.post(page, data=typed("4000002760003184")).headers["Location"]
    assert "/c/authenticate/" in bank
    back = browser.post(bank, data={"answer": "confirm"}).headers["Location"]
    assert "This invoice has been paid." in browser.get(back).text
    assert client.v1.invoices.retrieve(draft.id).status == "paid"


def test_one_paid_outside_stripe_moves_no_money_here(
    client: stripe.StripeClient, site: StripeSite, draft: stripe.Invoice
) -> None:
    assert client.v1.invoices.pay(draft.id, {"paid_out_of_band": True}).status == "paid"
    assert (len(site.events("invoice.paid")), site.journal()) == (1, [])
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        client.v1.invoices.pay(draft.id)


def test_a_voided_one_is_not_to_be_paid(
    client: stripe.StripeClient, browser: httpx.Client, draft: stripe.Invoice
) -> None:
    page = str(client.v1.invoices.finalize_invoice(draft.id).hosted_invoice_url)
    browser.post(page, data=typed("4000000000000002"))
    assert client.v1.invoices.void_invoice(draft.id).status == "void"
    assert "voided" in browser.post(page, data=typed("4242424242424242")).text
    (payment,) = client.v1.invoice_payments.list({"invoice": draft.id}).data
    assert payment.status == "canceled"
    assert client.v1.payment_intents.retrieve(str(payment.payment.payment_intent)).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.pay(draft.id)


def test_an_intent_leads_to_its_invoice(
    client: stripe.StripeClient, card: stripe.PaymentMethod, draft: stripe.Invoice
) -> None:
    client.v1.invoices.finalize_invoice(draft.id)
    assert client.v1.invoices.pay(draft.id, {"payment_method": card.id}).status == "paid"
    (payment,) = client.v1.invoice_payments.list({"invoice": draft.id, "status": "paid"}).data
    intent = str(payment.payment.payment_intent)
    found = client.v1.invoice_payments.list({"payment": {"type": "payment_intent", "payment_intent": intent}})
    assert [each.invoice for each in found.data] == [draft.id]


def test_waiting_items_come_onto_an_invoice_only_when_asked_for(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    client.v1.invoice_items.create({"customer": customer.id, "amount": 100, "currency": "usd"})
    order: Any = {"customer": customer.id, "auto_advance": False}
    assert client.v1.invoices.create(order).total == 0
    assert client.v1.invoices.create(order | {"pending_invoice_items_behavior": "include"}).total == 100


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"days_until_due": 30}, None),
        ({"collection_method": "send_invoice"}, "parameter_missing"),
        ({"paid": True}, "parameter_unknown"),
        ({"customer": "cus_none"}, "resource_missing"),
    ],
)
def test_a_wrong_invoice_is_refused(
    client: stripe.StripeClient, customer: stripe.Customer, changes: dict[str, Any], code: str | None
) -> None:
    order: Any = {"customer": customer.id} | changes
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.invoices.create(order)
    assert refused.value.code == code


def test_an_empty_invoice_cannot_be_finalized_and_a_draft_can_be_forgotten(
    client: stripe.StripeClient, customer: stripe.Customer, draft: stripe.Invoice
) -> None:
    empty = client.v1.invoices.create({"customer": customer.id})
    with pytest.raises(stripe.InvalidRequestError, match="Nothing to invoice"):
        client.v1.invoices.finalize_invoice(empty.id)
    assert client.v1.invoices.delete(draft.id).deleted
    (item,) = client.v1.invoice_items.list({"pending": True}).data
    assert item.invoice is None
