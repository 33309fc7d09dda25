"""Money in and out in a real browser: pay, decline, abandon, confirm, save a card, fail three times, redeem, refund."""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing.models import AutoTopUp, AutoTopUpStatus, Card, CouponBatch, TopUp, TopUpStatus, Wallet
from billing.providers.base import FailureReason
from billing.services import auto_top_up, coupon_codes, top_ups
from notifications.services.incidents import open_incident
from organizations.models import Account, Membership, Product
from tests.billing.auto.rules import DECLINING, set_rule
from tests.billing.conftest import stripe
from tests.billing.robokassa import robokassa
from tests.billing.topups.paying import open_page as open_payment
from tests.billing.topups.paying import press_pay, saved_card
from tests.browser.test_pages import SIDEWAYS
from tests.factories import open_test_account

if TYPE_CHECKING:
    from tests.billing.conftest import StripeWorld
    from tests.billing.robokassa import RobokassaWorld

__all__ = ["robokassa", "stripe"]

PATIENCE_MS = 20_000
VISA, DECLINED, ASKING = "4242424242424242", "4000000000000002", "4000002760003184"


@pytest.fixture(autouse=True)
def payment_pages(live_server: Any, settings: Any, stripe: StripeWorld, robokassa: RobokassaWorld) -> None:
    """Links lead to the running site, and its forms may end on the pages of the stand-ins of this test."""
    settings.SITE_URL = live_server.url
    policy = copy.deepcopy(settings.CONTENT_SECURITY_POLICY)
    policy["DIRECTIVES"]["form-action"] += [stripe.url, robokassa.url.removesuffix("/robokassa")]
    settings.CONTENT_SECURITY_POLICY = policy
    hooks = f"{live_server.url}/billing/webhooks/robokassa"
    robokassa.site.success_url, robokassa.site.fail_url = f"{hooks}/success/", f"{hooks}/fail/"


@pytest.fixture
def customer(products: dict[str, Product], account: Account) -> Callable[..., Account]:
    """`customer("atllasx", paid="38")`: the reader's account in another product instead."""

    def move(slug: str, **options: Any) -> Account:
        membership = Membership.objects.get(account=account)
        membership.account = open_test_account(products[slug], name="Cedar Legal", **options)
        membership.save()
        return membership.account

    return move


def begin_paying(page: Page, amount: str = "20") -> None:
    page.goto("/billing/top-up/")
    page.get_by_label("Amount", exact=True).fill(amount)
    page.get_by_role("button", name=f"Pay ${amount}.00").click()
    page.get_by_label("Card number").wait_for()


def type_card(page: Page, number: str) -> None:
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry").fill("12 / 34")
    page.get_by_label("CVC").fill("123")
    page.locator("button[value=pay]").click()


def test_paying_adds_to_the_balance_at_once(
    sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = sign_in(open_page())
    page.get_by_role("link", name="Top up").first.click()
    expect(page.get_by_text("Test payments: no money moves.")).to_be_visible()
    page.get_by_role("radio", name="$10").check(force=True)
    expect(page.get_by_label("Amount", exact=True)).to_have_value("10.00")
    expect(page.get_by_role("button", name="Pay $10.00")).to_be_visible()
    begin_paying(page, "20")
    type_card(page, VISA)
    expect(page.get_by_role("heading", name="Payment received")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#result")).to_contain_text("$10.00")
    expect(page.locator("#bar-available")).to_have_text("$30.00")
    page.get_by_role("link", name="History").first.click()
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("Top-up (Stripe)")
    expect(row).to_contain_text("Successful")
    row.get_by_role("link", name="Details").click()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    assert complaints == []


def test_a_payment_that_is_confirmed_while_the_page_waits_shows_without_a_reload(
    account: Account, sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    top_up = open_payment(account, "20")
    page = sign_in(open_page())
    page.goto(f"/billing/top-ups/{top_up.reference}/")
    expect(page.get_by_text("Processing")).to_be_visible()
    page.evaluate("window.stayed = true")
    press_pay(top_up, VISA)
    expect(page.get_by_role("heading", name="Payment received")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#bar-available")).to_have_text("$30.00")
    assert page.evaluate("window.stayed") is True
    assert complaints == []


def test_a_declined_card_and_a_closed_page_charge_nothing(
    sign_in: Callable[[Page], Page], open_page: Callable[..., Page]
) -> None:
    page = sign_in(open_page())
    begin_paying(page)
    type_card(page, DECLINED)
    expect(page.get_by_text("declined").first).to_be_visible()
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("heading", name="Nothing was paid")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("The payment page was closed. Nothing was charged.")).to_be_visible()
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_label("Amount", exact=True)).to_have_value("20")
    assert Wallet.objects.get().paid.amount == Decimal(10)


def test_an_abandoned_payment_is_processing_until_it_is_cancelled(
    sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = sign_in(open_page())
    begin_paying(page)
    page.goto("/billing/history/")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("Processing")
    row.get_by_role("link", name="Details").click()
    expect(page.get_by_role("link", name="Go on to the payment page")).to_be_visible()
    page.get_by_role("button", name="Cancel the payment").click()
    expect(page.get_by_role("heading", name="Nothing was paid")).to_be_visible()
    page.goto("/billing/history/")
    expect(page.locator("tbody tr").first).to_contain_text("Error")
    assert complaints == []


def test_the_bank_may_ask_the_payer(
    sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = sign_in(open_page())
    begin_paying(page)
    type_card(page, ASKING)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Payment received")).to_be_visible(timeout=PATIENCE_MS)
    assert complaints == []


def test_robokassa_takes_roubles(
    customer: Callable[..., Account],
    sign_in: Callable[[Page], Page],
    open_page: Callable[..., Page],
    complaints: list[str],
) -> None:
    customer("aipbx")
    page = sign_in(open_page())
    page.goto("/billing/top-up/?amount=10")
    page.get_by_role("radio", name="MIR card or SBP").check()
    page.get_by_role("button", name="Pay ₽").click()
    page.locator("button[value=pay]").click()
    expect(page.get_by_role("heading", name="Payment received")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#bar-available")).to_have_text("$10.00")
    assert complaints == []


def test_everything_about_paying_works_without_scripts(
    sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = sign_in(open_page(scripts=False, width=375))
    page.goto("/billing/top-up/")
    page.get_by_role("radio", name="$50").check(force=True)
    page.get_by_role("button", name="Show the total").click()
    expect(page.get_by_label("Amount", exact=True)).to_have_value("50.00")
    page.get_by_role("button", name="Pay $50.00").click()
    type_card(page, VISA)
    expect(page.get_by_role("heading", name="Payment received")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#bar-available")).to_have_text("$60.00")
    assert complaints == []


def test_the_enter_key_pays_what_was_typed(
    sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = sign_in(open_page())
    page.goto("/billing/top-up/")
    page.get_by_label("Amount", exact=True).fill("15")
    expect(page.get_by_role("button", name="Pay $15.00")).to_be_visible()
    page.get_by_label("Amount", exact=True).press("Enter")
    type_card(page, VISA)
    expect(page.get_by_role("heading", name="Payment received")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("#bar-available")).to_have_text("$25.00")
    # Leaving the page ends the count of the total that leaving the field began.
    assert [each for each in complaints if "ERR_ABORTED" not in each] == []


def test_a_card_is_saved_made_the_default_and_removed(
    sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = sign_in(open_page())
    for number in (VISA, "5555555555554444"):
        page.goto("/billing/auto-top-up/")
        page.get_by_role("button", name="Add a card").click()
        type_card(page, number)
        expect(page.get_by_text(f"ending {number[-4:]}").first).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Make default").click()
    expect(page.get_by_role("listitem").filter(has_text="4444").filter(has_text="default")).to_be_visible()
    page.get_by_role("link", name="Remove Mastercard ending 4444").click()
    page.get_by_role("button", name="Remove the card").click()
    expect(page.get_by_role("listitem").filter(has_text="4242").filter(has_text="default")).to_be_visible()
    assert Card.objects.filter(removed_at__isnull=True).count() == 1
    assert complaints == []


def test_automatic_top_up_asks_then_fails_three_times_and_is_off(
    stripe: StripeWorld,
    customer: Callable[..., Account],
    sign_in: Callable[[Page], Page],
    open_page: Callable[..., Page],
    complaints: list[str],
) -> None:
    account = customer("aitelier", paid="12")
    saved_card(stripe, account, DECLINING)
    page = sign_in(open_page())
    page.goto("/billing/auto-top-up/")
    page.get_by_role("switch").check(force=True)
    page.get_by_label("When less remains than").fill("20")
    page.get_by_label("Add", exact=True).fill("50")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Save and pay $50.00").click()
    expect(page.get_by_role("switch")).to_be_checked()
    assert auto_top_up.attempt_due() == 1
    for place in ("first", "second"):
        page.goto("/billing/auto-top-up/")
        expect(page.get_by_role("heading", name="Your card was declined")).to_be_visible()
        expect(page.get_by_text(f"This was the {place}.")).to_be_visible()
        page.locator("#banners").get_by_role("button", name="Retry the charge").click()
        expect(page.get_by_role("heading", name="The payment failed")).to_be_visible(timeout=PATIENCE_MS)
    page.goto("/billing/")
    expect(page.get_by_text("auto top-up is off")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("heading", name="Your card was declined")).to_have_count(0)
    page.goto("/billing/auto-top-up/")
    expect(page.get_by_role("switch")).not_to_be_checked()
    expect(page.locator("tbody tr")).to_have_count(3)
    assert AutoTopUp.objects.get().status == AutoTopUpStatus.DISABLED
    assert Wallet.objects.get(account=account).paid.amount == Decimal(12)
    assert complaints == []


@pytest.mark.parametrize("reason", list(FailureReason))
def test_every_banner_can_be_dismissed_and_a_new_failure_shows_it_again(
    customer: Callable[..., Account],
    sign_in: Callable[[Page], Page],
    open_page: Callable[..., Page],
    complaints: list[str],
    reason: FailureReason,
) -> None:
    account = customer("atllasx", paid="38")
    details = {"amount": "200", "price": "100", "price_currency": "USD", "card": "Visa ending 4242", "ceiling": "800"}
    open_incident(account_id=account.pk, kind="auto_top_up", reason=reason.value, details=details)
    page = sign_in(open_page(width=375))
    banner = page.locator("section.banner")
    for address in ("/billing/", "/billing/history/", "/billing/calls/"):
        page.goto(address)
        expect(banner).to_have_count(1)
        expect(banner.locator(".btn-primary")).to_be_visible()
        assert page.evaluate(SIDEWAYS) is False, address
    page.get_by_role("button", name="Dismiss").click()
    page.wait_for_url("**/billing/calls/")
    expect(banner).to_have_count(0)
    open_incident(account_id=account.pk, kind="auto_top_up", reason=reason.value, details=details)
    page.reload()
    expect(banner).to_have_count(1)
    assert complaints == []


def test_confirming_leads_to_a_payment_of_that_amount(
    customer: Callable[..., Account], sign_in: Callable[[Page], Page], open_page: Callable[..., Page]
) -> None:
    account = customer("atllasx", paid="38")
    reason = FailureReason.NEEDS_CONFIRMATION.value
    open_incident(account_id=account.pk, kind="auto_top_up", reason=reason, details={"amount": "200.000000"})
    page = sign_in(open_page())
    page.get_by_role("link", name="Confirm the payment").click()
    expect(page.get_by_role("button", name="Pay $100.00")).to_be_visible()


def test_a_coupon_is_looked_at_then_added(
    account: Account, sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    batch = CouponBatch.objects.create(
        product=account.product, currency="USD", name="Spring", amount=5, valid_from=timezone.now()
    )
    (coupon,) = coupon_codes.generate(batch_id=batch.pk, count=1, length=8, prefix="SPRING", limit=1)
    page = sign_in(open_page())
    page.get_by_role("link", name="Coupons").click()
    page.get_by_label("Code", exact=True).fill(coupon.code)
    page.get_by_role("button", name="Show the bonus").click()
    page.get_by_role("button", name="Add $5.00").click()
    expect(page.locator("#bar-available")).to_have_text("$15.00")
    assert complaints == []


def test_a_refund_is_asked_for(
    account: Account, sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    top_up = open_payment(account, "20")
    press_pay(top_up, VISA)
    assert top_ups.check(top_up_id=top_up.pk).status == TopUpStatus.SUCCEEDED
    page = sign_in(open_page(width=375))
    page.goto("/billing/history/")
    page.get_by_role("link", name="Refund", exact=True).click()
    page.get_by_label("Amount", exact=True).fill("15")
    page.get_by_label("Reason").fill("We close the office.")
    page.get_by_role("button", name="Show what goes back").click()
    expect(page.get_by_role("heading", name="Ask for $15.00 back?")).to_be_visible()
    page.get_by_role("button", name="Ask for the refund").click()
    expect(page.get_by_text("Waiting for a decision")).to_be_visible()
    assert page.evaluate(SIDEWAYS) is False
    assert complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(375, "dark"), (1440, "light")])
def test_no_page_of_money_scrolls_sideways(
    stripe: StripeWorld,
    customer: Callable[..., Account],
    sign_in: Callable[[Page], Page],
    open_page: Callable[..., Page],
    complaints: list[str],
    width: int,
    scheme: str,
) -> None:
    account = customer("atllasx", paid="38")
    saved_card(stripe, account, DECLINING)
    saved_card(stripe, account, "pm_card_visa")
    set_rule(account, threshold="300", amount="200")
    auto_top_up.attempt(wallet_id=account.wallet.pk)
    page = sign_in(open_page(width=width, scheme=scheme))
    result = f"/billing/top-ups/{TopUp.objects.get().reference}/"
    for address in ("top-up/", "auto-top-up/", "refund/", "coupons/", "subscription/", "history/"):
        page.goto(f"/billing/{address}")
        assert page.evaluate(SIDEWAYS) is False, address
    page.goto(result)
    assert page.evaluate(SIDEWAYS) is False
    assert complaints == []
