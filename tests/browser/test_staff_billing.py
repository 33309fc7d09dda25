"""Billing's day: a correction, a refund above the limit that somebody else approves, an invoice marked paid."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D

from playwright.sync_api import Page, expect

from billing.models import Approval, Payment, ProductTerms, Refund, Transaction, Wallet
from billing.services import top_ups
from organizations.models import Product
from organizations.roles import StaffRole
from tests.billing.refunds.paid import pay_by_bank
from tests.browser.staff import Desk, change_page, make_staff, open_customer


def test_billing_adjusts_with_a_reason_and_the_password_asked_again(
    products: dict[str, Product], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    wallet = open_customer(products).wallet
    bea = Desk(open_page(width=1440), make_staff(StaffRole.BILLING, "Bea Billing"))
    bea.open(wallet)
    bea.stays_away()
    bea.press("Adjust balance")
    bea.proves()
    bea.fill(direction="debit", amount="2.50")
    bea.page.get_by_role("button", name="Continue").click()
    expect(bea.page.get_by_text("Say why: the reason is kept with what was done.")).to_be_visible()
    assert Transaction.objects.count() == 1
    bea.fill(reason="Paid twice")
    assert bea.go_on() == {
        "Balance now": "$10.00", "Adjustment": "\N{MINUS SIGN}$2.50", "Balance after": "$7.50", "Reason": "Paid twice",
    }  # fmt: skip
    bea.confirm("Adjust the balance", "Adjusted by \N{MINUS SIGN}$2.50: transaction No. 2.")
    row = Transaction.objects.latest("id")
    assert (row.kind, row.amount.amount, row.reason, row.actor_id) == (
        "adjustment", D("-2.5"), "Paid twice", bea.person.pk,
    )  # fmt: skip
    assert Wallet.objects.get().paid.amount == D("7.50")
    expect(bea.page.get_by_role("row").filter(has_text="No. 2").first).to_contain_text("$7.50")
    assert complaints == []


def test_a_refund_above_the_limit_waits_for_another_person_of_billing(
    products: dict[str, Product], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    account = open_customer(products)
    ProductTerms.objects.update(approval_limit=100)
    payment = pay_by_bank(account, "300")
    bea = Desk(open_page(width=1440), make_staff(StaffRole.BILLING, "Bea Billing"))
    bea.open(payment)
    bea.press("Refund")
    bea.fill(amount="250", reason="Closes the branch")
    asked = bea.go_on()
    assert (asked["Leaves the balance"], asked["The payer gets"]) == ("$250.00", "$250.00")
    assert "one person may move $100.00 within 24 hours" in asked["A second person"]
    bea.confirm("Refund", "Waits for a second person")
    approval = Approval.objects.get()
    assert not Refund.objects.exists() and Wallet.objects.get().paid.amount == 310
    bea.open(approval)
    assert bea.offers("Withdraw") and not bea.offers("Approve")
    bea.page.goto(change_page(approval, "approve"))
    bea.go_on()
    bea.confirm("Approve and do it", "You asked for this: somebody else must approve it.")
    assert not Refund.objects.exists()

    bob = Desk(open_page(width=1440), make_staff(StaffRole.BILLING, "Bob Billing"))
    figure = bob.page.locator(".bo-stats > div").filter(has_text="Second person").get_by_role("link")
    expect(figure).to_have_text("1")
    figure.click()
    bob.page.locator("#result_list").get_by_role("link", name=str(approval.pk), exact=True).click()
    bob.press("Approve")
    asked = bob.go_on()
    assert (asked["Asked by"], asked["Balance after"]) == (bea.person.email, "$60.00")
    assert asked["Moves"] == "\N{MINUS SIGN}$250.00"
    bob.confirm("Approve and do it", "Approved and done: refund a payment of Brightwave.")
    refund, row = Refund.objects.get(), Transaction.objects.latest("id")
    assert (refund.amount.amount, row.kind, row.amount.amount) == (D(250), "refund", D(-250))
    assert Wallet.objects.get().paid.amount == D(60)
    approval.refresh_from_db()
    assert (approval.asked_by, approval.decided_by) == (bea.person, bob.person)
    bob.open(refund)
    expect(bob.page.get_by_text("$250.00").first).to_be_visible()
    assert complaints == []


def test_billing_marks_an_invoice_paid_once(
    products: dict[str, Product], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    account = open_customer(products)
    top_up = top_ups.start(
        wallet_id=account.wallet.pk,
        amount=D(40),
        provider="bank",
        organization_id=None,
        saves_card=False,
        user_id=account.memberships.get().user_id,
    )
    top_up = top_ups.submit(top_up_id=top_up.pk)
    bea = Desk(open_page(width=1440), make_staff(StaffRole.BILLING, "Bea Billing"))
    bea.open(top_up)
    bea.press("Mark paid by bank transfer")
    bea.fill(amount="40", bank_reference="SEPA 4711", reason="Statement of today")
    asked = bea.go_on()
    assert (asked["Invoice"], asked["Received"], asked["Credited"]) == ("$40.00", "$40.00", "+$40.00")
    bea.page.get_by_role("button", name="Record the transfer").dblclick()
    bea.page.wait_for_url(f"**{change_page(top_up)}")
    (row,) = bea.cells("Payments")
    assert row[3:] == ["$40.00", "+$40.00", "2"]
    payment = Payment.objects.get()
    assert (payment.amount.amount, Wallet.objects.get().paid.amount) == (D(40), D(50))
    assert list(Transaction.objects.order_by("id").values_list("kind", flat=True)) == ["credit", "top_up"]
    assert complaints == []
