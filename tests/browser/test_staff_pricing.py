"""Pricing's day: a new version, edited, compared, asked what if, published; and prices taken in from a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal as D
from pathlib import Path

import openpyxl
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing.models import Wallet
from organizations.models import Product
from organizations.roles import StaffRole
from tests.browser.staff import Desk, change_page, make_staff, open_customer
from tests.usage.events import charge, event
from usage.models import RateCard, RateCardVersion, WhatIfRun
from usage.services.what_if import running


def test_pricing_edits_compares_asks_what_if_and_publishes(
    products: dict[str, Product], open_page: Callable[..., Page], complaints: list[str]
) -> None:
    account = open_customer(products)
    charge("aipbx", *(event(account, llm_input_tokens=1000, stt_seconds=60) for _ in range(3)))
    card = RateCard.objects.get(product=account.product, account=None)
    pia = Desk(open_page(width=1440), make_staff(StaffRole.PRICING, "Pia Pricing"))
    pia.open(card)
    pia.press("New version")
    pia.fill(note="Speech is dearer")
    assert pia.go_on()["Made from"] == "version 1"
    pia.confirm("Make the draft", "is a draft. Edit its prices, then publish it.")
    draft = RateCardVersion.objects.get(number=2)
    pia.page.locator("a").filter(has_text=re.compile(r"^\s*Rates\s*$")).click()
    pia.page.get_by_text("Voice input, STT", exact=True).locator("visible=true").first.click()
    price = pia.page.locator("[name^=rates-][name$=-price]").locator("visible=true")
    expect(price).to_have_value("0.006")
    price.fill("0.012")
    pia.page.get_by_role("button", name="Save and continue editing").click()
    pia.page.get_by_text("was changed successfully").first.wait_for()
    assert draft.rates.get(component="stt", model="").price == D("0.012")

    pia.open(draft)
    assert pia.cells("This draft")[1] == ["Changes", "1 rate changed, against AI PBX default, version 1 Compare"]
    pia.press("Compare with…")
    row = pia.page.get_by_role("row").filter(has_text="Voice input, STT")
    expect(row).to_contain_text("0.006 per minute")
    expect(row).to_contain_text("0.012 per minute")
    expect(row).to_contain_text("+100.00%")

    pia.open(draft)
    pia.press("What if")
    today = timezone.now().date()
    pia.fill(first_day=f"{today - timedelta(days=1)}", last_day=f"{today + timedelta(days=1)}")
    assert pia.go_on()["On"] == "AI PBX default, version 2"
    pia.page.get_by_role("button", name="Price the calls").click()
    pia.page.wait_for_url("**/whatifrun/**")
    assert running.work_off(run_id=WhatIfRun.objects.get().pk)
    pia.page.reload()
    assert pia.cells("In sum") == [
        ["Charged", "$0.033"], ["Would be", "$0.051"], ["Difference (+54.5%)", "+$0.018"],
    ]  # fmt: skip
    speech = ["Voice input, STT", "stt", "$0.018", "$0.036", "+$0.018", "+100.0%"]
    assert speech in pia.cells("By component")
    assert [row[0] for row in pia.cells("By account")] == ["Brightwave"]
    assert Wallet.objects.get(account=account).paid.amount == D("9.967")

    pia.open(draft)
    pia.press("Publish")
    asked = pia.confirmation()
    assert (asked["Takes the place of"], asked["In all"]) == ("version 1", "1 rate changed")
    assert asked["What if"].endswith("+$0.018 (+54.5%)")
    pia.confirm("Publish", "is published and holds from")
    draft.refresh_from_db()
    assert draft.status == RateCardVersion.Status.PUBLISHED
    assert pia.is_refused(change_page(account.wallet, "adjust"))
    assert complaints == []


def test_pricing_takes_prices_in_from_a_spreadsheet(
    products: dict[str, Product], open_page: Callable[..., Page], complaints: list[str], tmp_path: Path
) -> None:
    account = open_customer(products)
    version = RateCardVersion.objects.get(card__product=account.product)
    pia = Desk(open_page(width=1440), make_staff(StaffRole.PRICING, "Pia Pricing"))
    pia.open(version)
    with pia.page.expect_download() as download:
        pia.press("Download XLSX", "Spreadsheet")
    sheet = tmp_path / "prices.xlsx"
    download.value.save_as(sheet)
    book = openpyxl.load_workbook(sheet)
    rows = list(book.active.iter_rows())
    head = [cell.value for cell in rows[0]]
    at = {name: head.index(name) for name in ("component", "model", "price")}
    (speech,) = [row for row in rows if row[at["component"]].value == "stt" and not row[at["model"]].value]
    speech[at["price"]].value = "0.012"
    book.save(sheet)
    pia.open(version.card)
    pia.press("Import from a spreadsheet")
    pia.page.locator("input[type=file]").set_input_files(sheet)
    pia.fill(note="From the sheet")
    assert pia.go_on()["Changes"] == "1 rate changed"
    changed = pia.page.locator(".bo-below tbody tr")
    expect(changed).to_have_count(1)
    assert changed.locator("td, th").all_inner_texts()[4:7] == ["0.006 per minute", "0.012 per minute", "+100.00%"]
    assert RateCardVersion.objects.filter(card=version.card).count() == 1
    pia.confirm("Import", "holds the file's prices. It is a draft")
    new = RateCardVersion.objects.get(card=version.card, number=2)
    assert new.status == RateCardVersion.Status.DRAFT
    assert [one.rates.get(component="stt", model="").price for one in (version, new)] == [D("0.006"), D("0.012")]
    assert complaints == []
