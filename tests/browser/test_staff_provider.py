"""Billing's day with the payment provider: a webhook that failed is replayed, and a dispute answered."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from billing.models import Dispute, ProviderEvent, TopUp, Transaction, Wallet
from billing.services import inbox
from organizations.models import Product
from organizations.roles import StaffRole
from tests.billing.conftest import stripe
from tests.billing.refunds.paid import deliver, pay_by_card
from tests.billing.topups.paying import open_page as open_payment
from tests.billing.topups.paying import press_pay
from tests.browser.staff import Desk, change_page, make_staff, open_customer

if TYPE_CHECKING:
    from tests.billing.conftest import StripeWorld

__all__ = ["stripe"]


def test_billing_replays_a_webhook_that_failed_and_the_money_arrives_once(
    products: dict[str, Product], stripe: StripeWorld, open_page: Callable[..., Page], complaints: list[str]
) -> None:
    account = open_customer(products)
    press_pay(open_payment(account, "50"))
    (told,) = stripe.site.events("checkout.session.completed")
    stripe.deliver(told)
    stripe.site.fail_next("/v1/checkout/sessions/*", "500")
    inbox.handle_due()
    bea = Desk(open_page(width=1440), make_staff(StaffRole.BILLING, "Bea Billing"))
    bea.find(told["id"]).first.click()
    expect(bea.panel("Why it failed")).to_contain_text("ProviderUnavailableError")
    assert Wallet.objects.get().paid.amount == D(10)
    for status in ("Waiting", "Handled"):
        bea.press("Replay")
        bea.fill(reason="Stripe was down")
        asked = bea.go_on()
        assert (asked["Event"], asked["Status now"], asked["Reason"]) == (told["id"], status, "Stripe was down")
        bea.confirm("Replay", f"Handled anew: Top-up {TopUp.objects.get().pk}: Successful.")
        assert Wallet.objects.get().paid.amount == D(60)
    assert list(Transaction.objects.order_by("id").values_list("kind", "amount")) == [
        ("credit", D(10)), ("top_up", D(50)),
    ]  # fmt: skip
    assert ProviderEvent.objects.get().status == "done"
    assert complaints == []


def test_billing_answers_a_dispute_and_sees_it_won(
    products: dict[str, Product], stripe: StripeWorld, open_page: Callable[..., Page], complaints: list[str]
) -> None:
    account = open_customer(products)
    payment = pay_by_card(stripe, account, "50")
    opened = stripe.site.open_dispute(payment.charge_reference)
    deliver(stripe)
    dispute = Dispute.objects.get()
    bea = Desk(open_page(width=1440), make_staff(StaffRole.BILLING, "Bea Billing"))
    bea.find(opened["id"]).first.click()
    bea.page.wait_for_url(f"**{change_page(dispute)}")
    ((_, kind, _, taken),) = bea.cells("Its movements")
    assert (kind, taken) == ("Disputed payment", "\N{MINUS SIGN}$50.00")
    at_stripe = bea.page.get_by_role("link", name="Open at Stripe")
    expect(at_stripe).to_have_attribute("href", f"https://dashboard.stripe.com/test/disputes/{opened['id']}")
    bea.press("Note the answer")
    bea.page.get_by_role("button", name="Continue").click()
    expect(bea.page.get_by_text("Write what was sent to the bank.")).to_be_visible()
    bea.fill(answer="Sent the recordings of both calls.")
    assert bea.go_on()["Answer"] == "Sent the recordings of both calls."
    bea.confirm("Note the answer", "The answer is noted on the account")
    note = f"Answered dispute {opened['id']}: Sent the recordings of both calls."
    bea.open(account)
    expect(bea.panel("Notes")).to_contain_text(note)
    assert (Wallet.objects.get().paid.amount, Wallet.objects.get().is_frozen) == (D(10), True)

    stripe.site.close_dispute(opened["id"], won=True)
    deliver(stripe)
    bea.open(dispute)
    assert [(row[1], row[3]) for row in bea.cells("Its movements")][1] == ("Dispute won", "+$50.00")
    assert not bea.offers("Note the answer")
    assert (Wallet.objects.get().paid.amount, Wallet.objects.get().is_frozen) == (D(60), False)
    assert complaints == []
