"""Support's day: a call id that a customer quoted, why it cost what it cost, a note, and the customer's own pages."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D

from playwright.sync_api import Page, expect

from billing.models import Transaction
from organizations.models import AccountNote, Product, SupportView
from organizations.roles import StaffRole
from tests.browser.staff import Desk, change_page, make_staff, open_customer
from tests.usage.events import charge, event
from usage.models import UsageEvent


def test_support_explains_a_quoted_call_and_looks_as_the_customer_does(
    products: dict[str, Product], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    account = open_customer(products)
    charge("aipbx", event(account, call_id="CALL-7f3a", llm_input_tokens=2000, stt_seconds=90, duration_seconds=90))
    call, wallet = UsageEvent.objects.get(), account.wallet
    sam = Desk(open_page(width=1440), make_staff(StaffRole.SUPPORT, "Sam Support"))

    found = sam.find("CALL-7f3a").first
    expect(found).to_contain_text("Brightwave, AI PBX, $0.019")
    found.click()
    sam.page.wait_for_url(f"**{change_page(call)}")
    assert sam.cells("Charge") == [
        ["LLM tokens, input", "llm_input", "2,000 token", "$0.005 / 1,000 token", "$0.01"],
        ["Voice input, STT", "stt", "1.5 minute (90 second)", "$0.006", "$0.009"],
        ["Total", "", "", "", "$0.019"],
    ]
    assert sam.cells("Paid from") == [["Paid balance", "Revenue", "Paid $10.00", "$0.019"], ["Total", "", "", "$0.019"]]
    assert Transaction.objects.get(kind="call").amount.amount == D("-0.019")
    for name in ("Void", "Re-rate", "Block caller"):
        assert not sam.offers(name), name
    sam.page.get_by_role("link", name="AI PBX default, version 1").click()
    expect(sam.panel("Prices")).to_contain_text("$0.006")

    sam.open(account)
    sam.press("Add note")
    sam.fill(text="Asked about CALL-7f3a: 90 seconds of speech.", is_pinned=True)
    assert sam.go_on() == {"Note": "Asked about CALL-7f3a: 90 seconds of speech.", "Pinned": "yes"}
    sam.confirm("Add the note", "The note is on the account.")
    expect(sam.panel("Notes")).to_contain_text("Asked about CALL-7f3a: 90 seconds of speech. Pinned")
    assert AccountNote.objects.get().author == sam.person

    sam.open(wallet)
    assert not sam.offers("Adjust balance") and not sam.offers("Grant promo")
    assert sam.is_refused(change_page(wallet, "adjust"))
    sam.open(account)
    sam.press("View as customer")
    sam.fill(reason="Ticket 12")
    assert sam.go_on()["Reason"] == "Ticket 12"
    sam.page.get_by_role("button", name="View", exact=True).click()
    sam.page.wait_for_url("**/billing/")
    mark = sam.page.get_by_text("You are viewing Brightwave as Sam Support.")
    expect(sam.page.locator("#bar-available")).to_have_text("$9.981")
    for name in ("Calls", "Settings"):
        sam.page.get_by_role("link", name=name, exact=True).first.click()
        expect(mark).to_be_visible()
    complaints.clear()
    field = sam.page.locator("main [name=name]").first
    field.fill("Renamed")
    with sam.page.expect_navigation():
        field.evaluate("field => field.form.requestSubmit()")
    expect(sam.page.get_by_text("Nothing was changed").first).to_be_visible()
    assert [one for one in complaints if "403" not in one] == []
    complaints.clear()
    sam.page.get_by_role("button", name="End", exact=True).click()
    account.refresh_from_db()
    view = SupportView.objects.get()
    assert (account.name, view.staff, view.reason, view.ended_at is not None) == (
        "Brightwave", sam.person, "Ticket 12", True,
    )  # fmt: skip
    assert complaints == []
