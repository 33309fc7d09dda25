"""Receipts, invoices for top-ups and what refunds do to them: exactly what was paid, once, however often asked."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from billing.models import Document, Issuer, Payment, Plan, ProductTerms, Refund, Subscription, TopUpTerms
from billing.providers.base import DisputeFacts, Outcome, RefundFacts
from billing.services import bank, disputes, refunds
from billing.services.documents import due, proformas, receipts
from billing.verification import documents
from billing.verification.run import verify
from organizations.models import Account, Product
from tests.billing.documents.issued import issuer_of, order, organization_of, pay, stated, transfer
from tests.billing.refunds.paid import pay_by_card

if TYPE_CHECKING:
    from pytest_django import Settings

    from tests.billing.conftest import StripeWorld

pytestmark = pytest.mark.django_db
WithIssuer = Callable[..., Account]


@pytest.fixture(autouse=True)
def _plain(plain_pdf: None) -> None:
    pass


def receipt(payment: Payment) -> Document:
    return Document.objects.get(key=f"receipt:{payment.pk}")


def refund(payment: Payment, amount: str) -> Refund:
    asked = refunds.refund_payment(payment_id=payment.pk, amount=D(amount), reason="Asked for.", user_id=None)
    return refunds.settle(refund_id=asked.pk, facts=RefundFacts(Outcome.SUCCEEDED, "sent"))


def test_a_payment_has_one_receipt_that_states_what_was_paid(account_with_issuer: WithIssuer) -> None:
    account = account_with_issuer("aipbx")
    organization = organization_of(account, country="US", region="NY", email="books@example.com")
    payment = pay(account, "50", organization)
    assert due.issue_due() == 1
    document = receipt(payment)
    assert stated(document) == ("50.00", "4.44", "54.44")
    assert document.organization == organization
    content = document.content
    assert content["lines"][0]["description"] == "Top-up of the AI PBX balance"
    assert [(tax["name"], tax["percent"], tax["base"], tax["amount"]) for tax in content["taxes"]] == [
        ("Sales tax, New York", "8.875", "50.000000", "4.440000")
    ]
    assert [(each["label"], each["amount"]) for each in content["settlements"]] == [("Bank transfer", "54.440000")]
    assert content["payment_reference"] == payment.reference.partition(":")[2]
    assert content["buyer"]["name"] == "TechMaster LLC"
    assert (due.issue_due(), Document.objects.filter(kind="receipt").count()) == (0, 1)


def test_part_payments_share_the_tax_to_the_cent(account_with_issuer: WithIssuer) -> None:
    account = account_with_issuer("aipbx")
    organization = organization_of(account, region="NY")
    top_up = order(account, "50", organization)
    parts = [transfer(top_up, D(amount)) for amount in ("18.15", "18.15", "18.14")]
    due.issue_due()
    assert [stated(receipt(part)) for part in parts] == [
        ("16.67", "1.48", "18.15"),
        ("16.67", "1.48", "18.15"),
        ("16.66", "1.48", "18.14"),
    ]


def test_an_invoice_for_a_top_up_asks_for_its_price_and_quotes_the_reference(account_with_issuer: WithIssuer) -> None:
    account = account_with_issuer("aipbx")
    Issuer.objects.update(bank_account="")
    top_up = order(account, "25", organization_of(account))
    due.issue_due()
    document = Document.objects.get(kind="proforma")
    assert (stated(document), document.label, document.top_up) == (("25.00", "0.00", "25.00"), document.label, top_up)
    assert document.content["due"] == "25.000000"
    assert document.content["payment_reference"] == f"TU-{top_up.pk:06d}"
    assert document.content["bank_details"].startswith("Beneficiary: AI PBX LLC")
    pay_at_once = transfer(top_up, top_up.total.amount)
    due.issue_due()
    assert [each.kind for each in Document.objects.order_by("id")] == ["proforma", "receipt"]
    assert receipt(pay_at_once).top_up == top_up


def test_an_invoice_that_was_cancelled_before_it_was_written_is_not_written(account_with_issuer: WithIssuer) -> None:
    top_up = order(account_with_issuer("aipbx"), "25")
    bank.cancel_invoice(top_up_id=top_up.pk, user_id=None)
    assert due.issue_due() == 0
    assert proformas.issue_proforma(top_up_id=top_up.pk) is None
    assert not Document.objects.exists()


def test_no_document_without_an_issuer_or_of_the_time_before_it(
    make_account: Callable[..., Account], products: dict[str, Product]
) -> None:
    account = make_account("aipbx")
    ProductTerms.objects.filter(product=account.product).update(issuer=None)
    payment = pay(account, "50")
    assert (due.issue_due(), receipts.issue_receipt(payment_id=payment.pk)) == (0, None)
    issuer_of(products["aipbx"], created_at=timezone.now())
    assert (due.issue_due(), receipts.issue_receipt(payment_id=payment.pk)) == (0, None)
    later = pay(account, "10")
    due.issue_due()
    assert [each.payment for each in Document.objects.filter(kind="receipt")] == [later]


def test_test_money_gets_no_document_in_production(
    account_with_issuer: WithIssuer, stripe: StripeWorld, settings: Settings
) -> None:
    payment = pay_by_card(stripe, account_with_issuer("aipbx"))
    assert not payment.is_live
    settings.PRODUCTION = True
    assert receipts.issue_receipt(payment_id=payment.pk) is None
    settings.PRODUCTION = False
    assert receipts.issue_receipt(payment_id=payment.pk) == receipt(payment)


def test_credits_are_stated_with_their_price(account_with_issuer: WithIssuer) -> None:
    account = account_with_issuer("atllasx")
    TopUpTerms.objects.filter(product=account.product).update(providers=["bank"])
    payment = pay(account, "500")
    due.issue_due()
    line = receipt(payment).content["lines"][0]
    assert (line["description"], line["quantity"], line["unit"]) == ("Call credits, AI Receptionist", "500", "credits")
    assert D(line["unit_price"]) * 500 == D(line["amount"]) == payment.total.amount - payment.tax.amount


def test_a_receipt_speaks_the_accounts_language_and_else_the_issuers(account_with_issuer: WithIssuer) -> None:
    account = account_with_issuer("aipbx")
    Issuer.objects.update(language="hi")
    first = pay(account, "10")
    due.issue_due()
    Account.objects.filter(pk=account.pk).update(language="ru")
    second = pay(account, "10")
    due.issue_due()
    assert [receipt(each).language for each in (first, second)] == ["hi", "ru"]


def test_a_refund_credits_its_share_and_one_that_comes_back_takes_the_credit_back(
    account_with_issuer: WithIssuer,
) -> None:
    account = account_with_issuer("aipbx")
    payment = pay(account, "50", organization_of(account, region="NY"))
    due.issue_due()
    asked = refund(payment, "20")
    assert due.issue_due() == 1
    note = Document.objects.get(kind="credit_note")
    assert stated(note) == ("20.00", "1.78", "21.78") == stated_of(asked)
    assert (note.corrects, note.refund, note.content["reason"]) == (receipt(payment), asked, "Asked for.")
    assert note.content["corrects"]["label"] == receipt(payment).label
    refunds.mark_returned(refund_id=asked.pk, reason="Account closed.")
    assert due.issue_due() == 1
    back = Document.objects.get(key=f"refund_back:{asked.pk}")
    assert (back.kind, back.corrects, stated(back)) == ("receipt", note, ("20.00", "1.78", "21.78"))
    refund(payment, "50")
    assert due.issue_due() == 1
    assert stated(Document.objects.filter(kind="credit_note").latest("id")) == ("50.00", "4.44", "54.44")
    assert due.issue_due() == 0


def test_a_refund_that_fails_before_it_was_sent_leaves_no_document(account_with_issuer: WithIssuer) -> None:
    payment = pay(account_with_issuer("aipbx"), "50")
    due.issue_due()
    asked = refunds.refund_payment(payment_id=payment.pk, amount=D(20), reason="Asked for.", user_id=None)
    assert due.issue_due() == 0
    refunds.mark_returned(refund_id=asked.pk, reason="Account closed.")
    assert (due.issue_due(), Document.objects.count()) == (0, 1)


def stated_of(refund: Refund) -> tuple[str, str, str]:
    net = refund.total.amount - refund.tax.amount
    return f"{net:.2f}", f"{refund.tax.amount:.2f}", f"{refund.total.amount:.2f}"


def test_a_subscriptions_month_has_a_receipt_and_a_lost_dispute_credits_it(account_with_issuer: WithIssuer) -> None:
    account = account_with_issuer("atllasx")
    price = {"price_currency": "USD", "currency": "CREDIT"}
    plan = Plan.objects.create(product=account.product, name="Solo", allotment=100, price=49, **price)
    line = {"name": "Sales tax", "percent": "8.25", "base": "49", "amount": "4.04"}
    subscription = Subscription.objects.create(
        wallet=account.wallet, plan=plan, allotment=100, price=49, tax=D("4.04"), tax_lines=[line],
        tax_treatment="us_state", created_at=timezone.now(), **price,
    )  # fmt: skip
    payment = Payment.objects.create(
        provider="stripe", reference="pi_month", subscription=subscription, wallet=account.wallet, amount=100,
        tax=D("4.04"), total=D("53.04"), charge_currency="USD", charge_amount=D("53.04"), is_live=True,
        card="Visa ending 4242", paid_at=timezone.now(), created_at=timezone.now(), **price,
    )  # fmt: skip
    due.issue_due()
    content = receipt(payment).content
    assert stated(receipt(payment)) == ("49.00", "4.04", "53.04")
    assert [each["description"] for each in content["lines"]] == ["Solo plan, one month, AI Receptionist"]
    assert (content["treatment"], content["settlements"][0]["label"]) == ("us_state", "Visa ending 4242")
    for state in ("opened", "lost"):
        facts = DisputeFacts("dp_1", "pi_month", "", D("53.04"), "USD", state, "fraudulent", timezone.now())
        disputes.settle(facts=facts)
    assert due.issue_due() == 1
    assert stated(Document.objects.get(kind="credit_note")) == ("49.00", "4.04", "53.04")
    assert verify([rule.name for rule in documents.INVARIANTS]) == []
