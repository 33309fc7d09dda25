"""The customer pages in a real browser: live, by keyboard, without script, at every width, with nothing to complain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from organizations.models import Account, Membership
from tests.factories import make_user, open_test_account
from tests.usage.events import charge, event

COSTS = {"llm": "0.005", "stt": "0.006", "tts": "0.022", "sip": "0.007"}
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def one_call(account: Account, *, project: str = "support", **data: Any) -> None:
    charge("letustalk", event(account, project=project, provider_costs=COSTS, **data))


def test_a_member_signs_in_and_finds_the_balance(
    sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = sign_in(open_page())
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.locator(".figure").first).to_have_text("$10.00")
    expect(page.locator("#bar-available")).to_have_text("$10.00")
    assert complaints == []


def test_filters_narrow_the_list_and_can_be_cleared(
    account: Account, sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    one_call(account, caller="+1 415 555 0100")
    one_call(account, caller="+1 415 555 0101", channel="web", project="pilot")
    page = sign_in(open_page())
    page.goto("/billing/calls/")
    page.get_by_label("Channel").select_option("Web")
    page.get_by_label("Project").select_option("Support")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", name="No call matches these filters")).to_be_visible()
    page.get_by_role("link", name="Clear filters").click()
    expect(page.get_by_role("link", name="+1 415 555 0100")).to_be_visible()
    page.goto("/billing/history/")
    page.get_by_label("Dates").select_option("Other dates…")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_label("From")).to_be_visible()
    assert complaints == []


def test_menus_work_by_keyboard_alone(
    account: Account, sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = sign_in(open_page())
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    project = page.locator("details.switch summary")
    project.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details.switch")).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(page.locator("details.switch[open]")).to_have_count(0)
    expect(project).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".page-head .sub")).to_contain_text("only Pilot")
    assert complaints == []


def test_the_phone_menu_opens_and_closes(
    account: Account, sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = sign_in(open_page(width=375))
    expect(page.locator("#menu")).to_be_hidden()
    page.get_by_role("button", name="More").click()
    expect(page.locator("#menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#menu")).to_be_hidden()
    assert complaints == []


@pytest.mark.parametrize("width", [375, 768, 992, 1440])
def test_nothing_scrolls_sideways(
    account: Account, sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str], width: int
) -> None:
    for _ in range(3):
        one_call(account, caller="+1 415 555 0100")
    page = sign_in(open_page(width=width, scheme="dark"))
    for address in ("/billing/", "/billing/history/", "/billing/history/?view=each&when=other", "/billing/calls/"):
        page.goto(address)
        assert page.evaluate(SIDEWAYS) is False, address
    page.locator("tbody .c-main a").first.click()
    expect(page.get_by_role("heading", name="What this call cost")).to_be_visible()
    assert page.evaluate(SIDEWAYS) is False
    assert complaints == []


def test_everything_but_live_works_without_scripts(
    account: Account, sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    one_call(account, caller="+1 415 555 0100")
    page = sign_in(open_page(scripts=False))
    page.get_by_role("link", name="Calls").first.click()
    page.get_by_role("link", name="+1 415 555 0100").click()
    expect(page.locator(".breakdown .total")).to_contain_text("$0.052")
    page.get_by_role("link", name="No. 2").click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    expect(page.locator("tbody tr").first).to_contain_text("$0.052")
    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert complaints == []


def test_the_account_switch_is_a_menu_of_buttons(
    products: dict[str, object], account: Account, sign_in: Callable[[Page], Page], open_page: Callable[..., Page]
) -> None:
    other = open_test_account(products["osmtalk"], name="Saffron", timezone="Asia/Kolkata")  # type: ignore[arg-type]
    Membership.objects.create(account=other, user=Membership.objects.get(account=account).user)
    page = sign_in(open_page())
    page.locator("details.switch summary").first.click()
    page.get_by_role("button", name="Saffron").click()
    expect(page.locator(".page-head .sub")).to_contain_text("in Kolkata")
    expect(page.locator("#bar-available")).to_have_text("₹0.00")


def test_a_reader_without_an_account_is_told_so(
    products: dict[str, object], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    from tests.factories import PASSWORD

    make_user(email="alone@example.com")
    page = open_page(width=375)
    page.goto("/billing/")
    page.get_by_label("Email").fill("alone@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No account yet")).to_be_visible()
    assert complaints == []
