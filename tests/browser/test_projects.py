"""Going live and back in a real browser: without scripts, on a phone as on a desk, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from organizations.models import Account
from tests.browser.test_pages import SIDEWAYS
from tests.factories import make_member, open_test_account
from tests.usage.events import charge, event


@pytest.fixture
def account(products: dict[str, Any]) -> Account:
    """A customer of aitelier.org with a live project and one in the sandbox, a conversation ($0.60) in each."""
    account = open_test_account(
        products["aitelier"], name="Brightwave", paid="10", projects=[("support", "live"), ("pilot", "sandbox")]
    )
    make_member(account, email="nina@brightwave.example", name="Nina Brandt")
    for project in ("support", "pilot"):
        charge("aitelier", event(account, project=project, outcome="conversation"))
    return account


def test_a_project_goes_live_and_back_without_scripts(
    sign_in: Callable[[Page], Page], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    page = sign_in(open_page(scripts=False))
    page.get_by_role("link", name="Projects").click()
    pilot = page.get_by_role("row", name="Pilot")
    expect(pilot).to_contain_text("Sandbox")
    pilot.get_by_role("link", name="Go live").click()
    expect(page.get_by_role("heading", name="Go live with Pilot?")).to_be_visible()
    page.get_by_role("button", name="Go live").click()
    expect(page.locator("#toasts")).to_contain_text("Pilot is live.")
    pilot.get_by_role("link", name="Back to the sandbox").click()
    page.get_by_role("button", name="Put into the sandbox").click()
    expect(page.locator("#toasts")).to_contain_text("Pilot is in the sandbox.")
    assert complaints == []


@pytest.mark.parametrize("width", [375, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_would_be_cost_stands_apart_at_every_width(
    account: Account,
    sign_in: Callable[[Page], Page],
    open_page: Callable[..., Page],
    complaints: list[str],
    width: int,
    scheme: str,
) -> None:
    page = sign_in(open_page(width=width, scheme=scheme))
    pilot, support = (account.projects.get(external_id=name).pk for name in ("pilot", "support"))
    page.goto("/billing/projects/")
    expect(page.locator("tbody .simulated:visible").first).to_contain_text("$0.60")
    expect(page.locator("tfoot .c-money")).to_have_text("$0.60")
    for address in ("", f"{pilot}/live/", f"{support}/sandbox/"):
        page.goto(f"/billing/projects/{address}")
        assert page.evaluate(SIDEWAYS) is False, address
    assert complaints == []
