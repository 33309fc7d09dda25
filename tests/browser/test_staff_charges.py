"""Billing's day with charges: one call is re-rated after its difference was seen, another one voided."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D

from playwright.sync_api import Page, expect

from billing.models import Transaction, Wallet
from organizations.models import Product
from organizations.roles import StaffRole
from tests.browser.staff import Desk, make_staff, open_customer
from tests.usage.events import charge, event
from tests.usage.rerating.jobs import corrected
from usage.models import Rerating, UsageEvent
from usage.services.rerating import working


def test_billing_rerates_a_call_once_its_difference_is_seen_and_voids_another(
    products: dict[str, Product], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    account = open_customer(products)
    charge("aipbx", *(event(account, call_id=f"CALL-{n}", llm_input_tokens=2000) for n in (1, 2)))
    corrected(account, "llm_input", "0.010")
    first, second = UsageEvent.objects.order_by("pk")
    bea = Desk(open_page(width=1440), make_staff(StaffRole.BILLING, "Bea Billing"))
    bea.find("CALL-1").first.click()
    bea.press("Re-rate")
    bea.fill(mode="reprice", reason="Wrong contract price")
    assert bea.go_on() == {"What to do": "Charge anew", "Calls": "1", "Reason": "Wrong contract price"}
    bea.page.get_by_role("button", name="Work out the difference").click()
    expect(bea.page.get_by_text("A worker works out the difference. This page renews itself.")).to_be_visible()
    job = Rerating.objects.get()
    assert working.work(rerating_id=job.pk)
    expect(bea.page.get_by_text("Nothing is charged yet.")).to_be_visible()
    assert bea.cells("The difference in sum") == [
        ["Charged to wallets", "1", "1", "0", "$0.01", "$0.02", "+$0.01"],
    ]
    assert bea.cells("By component") == [["LLM tokens, input llm_input", "$0.01", "$0.02", "+$0.01"]]
    assert bea.cells("Calls") == [["CALL-1", "Brightwave", "$0.01", "$0.02", "+$0.01", "Waits", ""]]
    assert Wallet.objects.get().paid.amount == D("9.98")
    bea.stays_away()
    bea.press("Confirm")
    bea.proves()
    asked = bea.confirmation()
    assert (asked["Charged before"], asked["Charged after"], asked["Difference"]) == ("$0.01", "$0.02", "+$0.01")
    bea.page.get_by_role("button", name="Charge anew").click()
    expect(bea.page.get_by_text("A worker corrects the charges, batch by batch.")).to_be_visible()
    assert working.work(rerating_id=job.pk)
    expect(bea.page.get_by_text("Every charge below was corrected, or says why not.")).to_be_visible()
    assert ["Corrected", "1 of 1"] in bea.cells("Progress")
    bea.panel("Calls").get_by_role("link", name="CALL-1").click()
    bea.panel("Corrections of this charge").wait_for()
    assert bea.cells("Charge")[-1] == ["Total", "", "", "", "$0.02"]
    ((_, was, became, version, why, _job),) = bea.cells("Corrections of this charge")
    assert (was, became, version, why) == ("$0.01", "$0.02", "AI PBX default, version 1", "Wrong contract price")

    bea.open(second)
    bea.press("Void")
    bea.fill(reason="Call to a test number")
    assert bea.go_on()["Goes back to the wallet"] == "$0.01"
    bea.confirm("Void the charge", "Reversed: the grants it was paid from have their money back.")
    expect(bea.panel("Charge")).to_contain_text("Reversed")
    cent = D("0.01")
    assert list(Transaction.objects.order_by("id").values_list("kind", "amount", "key")) == [
        ("credit", D(10), Transaction.objects.earliest("id").key),
        ("call", -cent, f"charge:{first.pk}"),
        ("call", -cent, f"charge:{second.pk}"),
        ("void", cent, f"void:{first.pk}"),
        ("call", -2 * cent, f"charge:{first.pk}:{job.pk}"),
        ("void", cent, f"void:{second.pk}"),
    ]
    assert Wallet.objects.get().paid.amount == D("9.98")
    assert complaints == []
