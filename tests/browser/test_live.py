"""Pages that change while they are looked at, in a real browser: at once, at little cost, never under the hands."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from billing.models import Wallet
from billing.services.limits import set_limits
from notifications.services.incidents import open_incident, resolve
from organizations.models import Account, Membership
from tests.factories import open_test_account
from tests.usage.events import charge, event, key_of, question
from usage.services.authorize import authorize

COSTS = {"llm": "0.005", "stt": "0.006", "tts": "0.022", "sip": "0.007"}  # $0.052 a call
INTERVAL_MS = 150
MINUTE_MS = 60_000
HIDE = """() => {
  Object.defineProperty(document, "hidden", {get: () => window.isHidden, configurable: true});
  window.isHidden = %s;
  document.dispatchEvent(new Event("visibilitychange"));
}"""
COUNT = """() => document.getElementById("live").addEventListener("htmx:beforeRequest", () => { window.looks += 1; })"""


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    settings.LIVE_MILLISECONDS = INTERVAL_MS


@pytest.fixture
def page(sign_in: Callable[[Page], Page], open_page: Callable[..., Page]) -> Page:
    return sign_in(open_page())


@pytest.fixture(autouse=True)
def _no_complaint(complaints: list[str]) -> object:
    yield
    assert complaints == []


def one_call(account: Account, **data: Any) -> None:
    charge("letustalk", event(account, project="support", provider_costs=COSTS, **data))


@pytest.mark.parametrize("address", ["/billing/history/", "/billing/top-up/", "/billing/organizations/"])
def test_the_balance_in_the_bar_follows_every_page(account: Account, page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate("window.stayed = true")
    one_call(account)
    expect(page.locator("#bar-available")).to_have_text("$9.948")
    expect(page.locator("#live-words")).to_have_text("Available: $9.948")
    one_call(account)
    expect(page.locator("#bar-available")).to_have_text("$9.896")
    assert page.evaluate("window.stayed") is True


def test_the_overview_follows_calls_in_all_its_parts(account: Account, page: Page) -> None:
    expect(page.locator("#overview-chart")).to_contain_text("No calls yet")
    one_call(account)
    expect(page.locator("#overview-balance .figure")).to_have_text("$9.948")
    expect(page.locator("#overview-balance")).to_contain_text("$0.052")
    expect(page.locator("#overview-month dd").first).to_contain_text("$0.052")
    expect(page.locator("#overview-chart").get_by_role("heading", name="Spending, last 30 days")).to_be_visible()
    expect(page.locator("#overview-last tbody tr")).to_have_count(2)


def test_a_banner_appears_is_told_and_goes(account: Account, page: Page) -> None:
    page.goto("/billing/history/")
    wallet = Wallet.objects.filter(account=account)
    wallet.update(is_frozen=True)
    expect(page.get_by_role("heading", name="The balance is frozen")).to_be_visible()
    expect(page.locator("#live-words")).to_have_text("The balance is frozen. Available: $10.00")
    wallet.update(is_frozen=False)
    expect(page.get_by_role("heading", name="The balance is frozen")).to_have_count(0)
    expect(page.locator("#live-words")).to_have_text("No warning is left. Available: $10.00")


def test_an_incident_is_counted_dismissed_and_counted_again(account: Account, page: Page) -> None:
    page.goto("/billing/history/")
    open_incident(account_id=account.pk, kind="auto_top_up", reason="card_declined")
    expect(page.locator("#count-auto_top_up")).to_contain_text("1")
    page.get_by_role("button", name="Dismiss: Your card was declined").click()
    page.wait_for_url("**/billing/history/")
    expect(page.get_by_role("heading", name="Your card was declined")).to_have_count(0)
    open_incident(account_id=account.pk, kind="auto_top_up", reason="card_declined")
    expect(page.get_by_role("heading", name="Your card was declined")).to_be_visible()
    resolve(account_id=account.pk, kind="auto_top_up")
    expect(page.locator("#count-auto_top_up")).not_to_contain_text("1")


def test_a_call_begins_and_ends_on_the_calls_page(account: Account, page: Page) -> None:
    one_call(account, caller="+1 415 555 0100")
    page.goto("/billing/calls/")
    authorize(key=key_of("letustalk"), request=question(account, "c-9", project="support", caller="+1 628 555 0117"))
    expect(page.locator("tr.live")).to_contain_text("+1 628 555 0117")
    expect(page.locator("tr.live")).to_contain_text("held $0.05")
    one_call(account, call_id="c-9", caller="+1 628 555 0117")
    expect(page.locator("tr.live")).to_have_count(0)
    expect(page.locator("tr.fresh")).to_contain_text("+1 628 555 0117")
    expect(page.locator("#live-words")).to_have_text("Last call: +1 628 555 0117, $0.052. No call in progress")
    expect(page.locator("#calls-today dd").first).to_contain_text("2")


def test_what_is_typed_and_where_the_focus_is_survive(account: Account, page: Page) -> None:
    page.goto("/billing/limits/")
    field = page.get_by_label("Daily cap")
    field.fill("12.5")
    one_call(account)
    expect(page.locator("#bar-available")).to_have_text("$9.948")
    expect(page.locator("#limits-now")).to_contain_text("$0.052")
    expect(page.locator("#limits-today")).to_contain_text("$0.052")
    expect(field).to_have_value("12.5")
    expect(field).to_be_focused()


def test_a_part_waits_while_the_reader_is_at_it(account: Account, page: Page) -> None:
    one_call(account, caller="+1 415 555 0100")
    page.goto("/billing/calls/")
    heading = page.locator("#calls-list th").first
    heading.select_text()
    one_call(account, caller="+1 628 555 0117")
    expect(page.locator("#bar-available")).to_have_text("$9.896")
    expect(page.locator("#calls-list tbody tr")).to_have_count(1)
    page.evaluate("document.getSelection().removeAllRanges()")
    expect(page.locator("#calls-list tbody tr")).to_have_count(2)


def test_the_focus_stays_on_a_link_that_comes_anew(account: Account, page: Page) -> None:
    one_call(account, caller="+1 415 555 0100")
    page.goto("/billing/calls/")
    link = page.get_by_role("link", name="+1 415 555 0100")
    link.focus()
    one_call(account, caller="+1 628 555 0117")
    expect(page.locator("#calls-list tbody tr")).to_have_count(2)
    expect(link).to_be_focused()


def test_an_open_table_stays_open(account: Account, page: Page) -> None:
    one_call(account)
    page.goto("/billing/")
    page.get_by_text("Show as a table").click()
    one_call(account)
    expect(page.locator("#overview-balance .figure")).to_have_text("$9.896")
    expect(page.locator("#overview-chart details")).to_have_attribute("open", "")
    expect(page.locator("#overview-chart tfoot")).to_contain_text("$0.104")


def test_a_hidden_page_asks_for_nothing_and_then_at_once(account: Account, page: Page) -> None:
    page.clock.install()
    page.goto("/billing/history/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(HIDE % "true")
    one_call(account)
    page.clock.run_for(MINUTE_MS)
    assert [url for url in asked if "/billing/" in url] == []
    page.evaluate(HIDE % "false")  # and no time passes
    expect(page.locator("#bar-available")).to_have_text("$9.948")


def test_a_quiet_page_asks_less_often(account: Account, page: Page, settings: Any) -> None:
    settings.LIVE_MILLISECONDS = MINUTE_MS  # beside which the time that the test takes is nothing
    page.clock.install()
    page.goto("/billing/history/")
    page.evaluate(COUNT)

    def looks_in_a_minute() -> int:
        """How often the page asks; waits for the answer."""
        page.evaluate("window.looks = 0")
        page.clock.run_for(MINUTE_MS)
        expect(page.locator("#live")).not_to_have_class("htmx-request")
        return int(page.evaluate("window.looks"))

    assert [looks_in_a_minute() for _look in range(12)] == [1] * 12
    assert [looks_in_a_minute() for _look in range(6)] == [0, 0, 1] * 2
    one_call(account)
    assert [looks_in_a_minute() for _look in range(3)] == [0, 0, 1]
    expect(page.locator("#bar-available")).to_have_text("$9.948")
    assert looks_in_a_minute() == 1


def test_one_change_is_one_look_and_one_page(account: Account, page: Page) -> None:
    asked: list[str] = []
    page.on("response", lambda response: asked.append(f"{response.status} {response.url.partition('?')[0]}"))
    for _call in range(5):
        one_call(account)
    expect(page.locator("#overview-balance .figure")).to_have_text("$9.74")
    with page.expect_response(lambda response: response.status == 204):
        pass
    news = [each for each in asked if not each.startswith("204")]
    looks, pages = (
        [each for each in news if each.endswith("/live/")],
        [each for each in news if each.endswith("/billing/")],
    )
    assert 1 <= len(looks) == len(pages) <= 5


def test_a_page_without_live_parts_asks_for_none(account: Account, page: Page) -> None:
    page.goto("/billing/organizations/add/")
    asked: list[str] = []
    page.on("response", lambda response: asked.append(response.url))
    one_call(account)
    expect(page.locator("#bar-available")).to_have_text("$9.948")
    with page.expect_response(lambda response: response.status == 204):
        pass
    assert [url for url in asked if "/billing/" in url and "/billing/live/" not in url] == []


def test_a_page_is_told_that_its_reader_went_to_another_account(
    products: dict[str, object], account: Account, page: Page
) -> None:
    other = open_test_account(products["osmtalk"], name="Saffron", paid="777")  # type: ignore[arg-type]
    Membership.objects.create(account=other, user=Membership.objects.get(account=account).user)
    page.goto("/billing/limits/")
    window = page.context.new_page()
    window.goto("/billing/")
    window.locator("details.switch summary").first.click()
    window.get_by_role("button", name="Saffron").click()
    expect(window.locator("#bar-available")).to_have_text("₹777.00")
    expect(page.get_by_role("heading", name="You have changed to Saffron")).to_be_visible()
    expect(page.locator("#bar-available")).to_have_text("$10.00")
    page.get_by_role("link", name="Show Saffron").click()
    expect(page.locator("#bar-available")).to_have_text("₹777.00")


def test_a_reached_cap_is_amber_on_every_page(account: Account, page: Page) -> None:
    set_limits(wallet_id=account.wallet.pk, daily_cap=Decimal("0.05"), concurrency_limit=None, user_id=None)
    page.goto("/billing/organizations/")
    one_call(account)
    banner = page.locator(".banner.warn")
    expect(banner).to_contain_text("The daily cap of $0.05 is reached")
    set_limits(wallet_id=account.wallet.pk, daily_cap=Decimal(5), concurrency_limit=None, user_id=None)
    expect(banner).to_have_count(0)
