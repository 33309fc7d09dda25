"""Billing's day with customers who pay by invoice: a running period is closed and its invoice marked paid."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D

from playwright.sync_api import Page, expect

from billing.models import BillingPeriod, Document, Payment, Wallet
from organizations.models import Product
from organizations.roles import StaffRole
from tests.billing.postpay.accounts import call, running, switched
from tests.browser.staff import Desk, make_staff
from tests.factories import open_test_account


def test_billing_closes_a_period_and_marks_its_invoice_paid(
    products: dict[str, Product], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    account = open_test_account(products["aitelier"], name="Cedar Legal")
    switched(account)
    call(account)
    period = running(account)
    bea = Desk(open_page(width=1440), make_staff(StaffRole.BILLING, "Bea Billing"))
    bea.open(account.wallet)
    bea.panel("Postpay periods").get_by_role("link", name=f"{period.starts_on:%Y-%m-%d}").click()
    expect(bea.panel("What closing it now would invoice")).to_contain_text("$0.90")
    bea.stays_away()
    bea.press("Close now")
    bea.proves()
    bea.fill(reason="Leaves us")
    asked = bea.go_on()
    assert (asked["Net"], asked["Tax"], asked["To pay"]) == ("$0.90", "$0.00", "$0.90")
    bea.confirm("Close now", "Closed: to pay.")
    invoice = Document.objects.get()
    assert (invoice.total.amount, Wallet.objects.get().debt.amount) == (D("0.9"), D("0.9"))
    assert [(row[0], row[3]) for row in bea.cells("Documents")] == [(str(invoice).split()[0], "$0.90")]

    transfer = f"IN-{period.pk:06}:SEPA 4711"
    bea.press("Mark paid by bank transfer")
    bea.fill(bank_reference="SEPA 4711", reason="Statement of today")
    asked = bea.go_on()
    assert (asked["To pay before"], asked["Received"]) == ("$0.90", "$0.90")
    bea.confirm("Record the transfer", f"Recorded as payment {transfer}: transaction No. 2.")
    (row,) = bea.cells("Payments made for it")
    assert (row[0], row[3]) == (transfer, "$0.90")
    assert list(BillingPeriod.objects.order_by("id").values_list("status", flat=True)) == ["paid", "draft"]
    assert (Payment.objects.get().amount.amount, Wallet.objects.get().debt.amount) == (D("0.9"), D(0))
    assert complaints == []
