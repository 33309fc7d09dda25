"""Organizations in a real browser: the country's words while choosing it, a warning, saved; and all of it by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from organizations.models import Account
from tests.browser.test_pages import SIDEWAYS

SAMPLE = {
    "name": "TechMaster LLC",
    "tax_id": "7701234567",
    "tax_registration_code": "770101001",
    "legal_address": "123 Main Street, New York, NY",
    "bank_account": "40702810500000012345",
    "bank_code": "044525225",
    "email": "accounting@techmaster.com",
}


@pytest.mark.parametrize(("width", "scripts"), [(375, True), (1440, True), (1440, False)])
def test_an_organization_is_added_in_its_countrys_words(
    account: Account,
    sign_in: Callable[[Page], Page],
    open_page: Callable[..., Page],
    complaints: list[str],
    width: int,
    scripts: bool,
) -> None:
    page = sign_in(open_page(width=width, scripts=scripts))
    page.goto("/billing/organizations/")
    page.get_by_role("link", name="Add an organization").click()
    page.get_by_label("Name", exact=True).fill(SAMPLE["name"])
    page.get_by_label("Country").select_option("RU")
    if not scripts:
        page.get_by_role("button", name="Show this country's fields").click()
    expect(page.get_by_label("INN (ИНН)")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value(SAMPLE["name"])
    for name, value in SAMPLE.items():
        page.locator(f"#{name}").fill(value)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Not saved yet: please check")).to_be_visible()
    if scripts:
        assert page.evaluate(SIDEWAYS) is False
    page.get_by_role("button", name="Save as it is").click()
    expect(page.get_by_text("TechMaster LLC is added.")).to_be_visible()
    assert account.organizations.get().is_default
    assert complaints == []
