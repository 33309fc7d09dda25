"""An admin's day: a role is given, what was changed is looked up, and a session that is not the customer's is ended."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from organizations.models import Product
from organizations.roles import StaffRole
from tests.browser.staff import Desk, change_page, make_staff, open_customer
from tests.factories import PASSWORD


def test_an_admin_gives_a_role_and_reads_who_changed_what(
    products: dict[str, Product], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    account = open_customer(products)
    newcomer = make_staff(None, "Nia Newcomer")
    ada = Desk(open_page(width=1440), make_staff(StaffRole.ADMIN, "Ada Admin"))
    nia = Desk(open_page(width=1024), newcomer)
    assert nia.is_refused(change_page(account))
    ada.find("nia@staff.example").first.click()
    ada.page.wait_for_url(f"**{change_page(newcomer)}")
    ada.stays_away()
    ada.page.locator("#id_groups_from").select_option(label="support")
    ada.page.locator("#id_groups_add_link, #id_groups_add").first.click()
    ada.page.locator("[name=history_reason]").fill("Ticket 40")
    ada.page.get_by_role("button", name="Save", exact=True).click()
    ada.proves()
    ada.page.get_by_text("was changed successfully").first.wait_for()
    assert list(newcomer.groups.values_list("name", flat=True)) == ["support"]
    assert not nia.is_refused(change_page(account))
    assert nia.is_refused(change_page(account.wallet, "adjust"))
    ada.page.goto(change_page(newcomer, "history"))
    latest = ada.page.get_by_role("row").filter(has_text="Group support").first
    for words in ("ada@staff.example", "Back office", "Ticket 40"):
        expect(latest).to_contain_text(words)
    assert complaints == []


def test_an_admin_sees_sign_ins_and_ends_a_session(
    products: dict[str, Product], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    account = open_customer(products)
    customer = open_page()
    for password in ("wrong", PASSWORD):
        customer.goto("/accounts/login/")
        customer.get_by_label("Email").fill("nina@brightwave.example")
        customer.get_by_label("Password").fill(password)
        customer.keyboard.press("Enter")
        if password == "wrong":
            customer.get_by_role("alert").wait_for()
    customer.wait_for_url("**/billing/")
    nina = account.memberships.get().user
    ada = Desk(open_page(width=1440), make_staff(StaffRole.ADMIN, "Ada Admin"))
    ada.open(nina)
    assert [row[1:4] for row in ada.cells("Last sign-ins")] == [
        ["Succeeded", "Password", "127.0.0.1"],
        ["Failed", "Password", "127.0.0.1"],
    ]
    ada.panel("Signed in now").locator("tbody").get_by_role("link").first.click()
    ada.press("End the session")
    ada.fill(reason="Lost her phone")
    asked = ada.go_on()
    assert (asked["Person"], asked["Reason"]) == ("nina@brightwave.example", "Lost her phone")
    ada.confirm("End the session", "has ended.")
    expect(ada.panel("Signed in now")).to_contain_text("Signed in nowhere.")
    customer.goto("/billing/")
    expect(customer).to_have_url(re.compile("/accounts/login/"))
    assert complaints == []
