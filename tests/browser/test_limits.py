"""Limits in a real browser: asked before new calls stop, at every width, without scripts too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from billing.models import Wallet
from organizations.models import Account
from tests.browser.test_pages import SIDEWAYS, one_call


@pytest.mark.parametrize(("width", "scheme", "scripts"), [(375, "dark", False), (1440, "light", True)])
def test_a_cap_is_lowered_after_a_question_and_taken_away_again(
    account: Account,
    sign_in: Callable[[Page], Page],
    open_page: Callable[..., Page],
    complaints: list[str],
    width: int,
    scheme: str,
    scripts: bool,
) -> None:
    one_call(account)
    page = sign_in(open_page(width=width, scheme=scheme, scripts=scripts))
    page.goto("/billing/limits/")
    expect(page.get_by_role("heading", name="Limits and notifications", exact=True)).to_be_visible()
    page.get_by_role("textbox", name="Daily cap").fill("0.01")
    page.get_by_label("Calls at the same time").fill("5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Stop new calls for today?")).to_be_visible()
    assert page.evaluate(SIDEWAYS) is False
    page.get_by_role("button", name="Save and stop new calls").click()
    expect(page.get_by_text("Saved. No new call starts until midnight")).to_be_visible()
    assert page.evaluate(SIDEWAYS) is False
    page.goto("/billing/")
    page.get_by_role("link", name="Raise the cap").click()
    page.get_by_role("textbox", name="Daily cap").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. Calls start again.")).to_be_visible()
    wallet = Wallet.objects.get(account=account)
    assert (wallet.daily_cap, wallet.concurrency_limit) == (None, 5)
    assert complaints == []
