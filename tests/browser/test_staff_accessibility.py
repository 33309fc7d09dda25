"""axe-core finds nothing serious on the back office's pages, in both colours, and an action needs no mouse."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D

from django.urls import reverse
from playwright.sync_api import Page, expect

from billing.models import Wallet
from organizations.models import Product
from organizations.roles import StaffRole
from tests.browser import axe
from tests.browser.staff import Desk, change_page, make_staff, open_customer
from tests.usage.events import charge, event
from usage.models import UsageEvent

GRAVE = ("critical", "serious")
# What the theme and Django bring themselves: the list's search button, the autocompletes, the link to a password form.
OF_OTHERS = ("#searchbar-submit", "select2-", 'a[href$="password/"]')


def test_no_page_of_the_back_office_has_a_grave_fault(
    products: dict[str, Product], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    script = axe.source()
    account = open_customer(products)
    charge("aipbx", event(account, call_id="CALL-1", llm_input_tokens=2000))
    call = UsageEvent.objects.get()
    ada = Desk(open_page(width=1440), make_staff(StaffRole.ADMIN, "Ada Admin"))
    found = []
    for scheme, addresses in {
        "light": ("/admin/", change_page(account), change_page(account.wallet, "adjust"), change_page(call)),
        "dark": (f"{reverse('admin:search')}?s=CALL-1", change_page(account.wallet), change_page(call, "void")),
    }.items():
        ada.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        for address in addresses:
            ada.page.goto(address)
            grave = [one for one in axe.findings(ada.page, script) if one.startswith(GRAVE)]
            found += [f"{address}, {scheme}: {one}" for one in grave if not any(other in one for other in OF_OTHERS)]
    assert found == []
    assert complaints == []


def test_an_adjustment_is_made_with_the_keyboard_alone(
    products: dict[str, Product], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    wallet = open_customer(products).wallet
    bea = Desk(open_page(width=1024), make_staff(StaffRole.BILLING, "Bea Billing"))
    keys = bea.page.keyboard
    bea.page.goto(change_page(wallet, "adjust"))
    bea.page.locator("[name=direction]").first.focus()
    keys.press("ArrowDown")
    for typed in ("2.50", "Paid twice"):
        keys.press("Tab")
        keys.type(typed)
    keys.press("Enter")
    assert bea.confirmation()["Balance after"] == "$7.50"
    button = bea.page.get_by_role("button", name="Adjust the balance", exact=True)
    for _ in range(60):
        keys.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    expect(button).to_be_focused()
    keys.press("Enter")
    expect(bea.page.get_by_text("transaction No. 2.").first).to_be_visible()
    assert Wallet.objects.get().paid.amount == D("7.50")
    assert complaints == []


def test_a_menu_of_actions_opens_with_the_keyboard(
    products: dict[str, Product], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    wallet = open_customer(products).wallet
    bea = Desk(open_page(width=1440), make_staff(StaffRole.BILLING, "Bea Billing"))
    bea.page.goto(change_page(wallet))
    menu = bea.page.get_by_role("button", name="More", exact=True)
    menu.focus()
    bea.page.keyboard.press("Enter")
    expect(bea.page.get_by_role("link", name="Pay by invoice")).to_be_focused()
    bea.page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    expect(bea.page.get_by_role("link", name="Pay by invoice")).to_be_hidden()
    assert complaints == []
