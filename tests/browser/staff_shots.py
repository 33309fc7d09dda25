"""Photograph every page of a running back office (`make run`): one of each kind, found by its links.

    python -m tests.browser.staff_shots --out DIR [--site http://127.0.0.1:8000] [--only billing-wallet …]

Forms of actions are filled in and sent on to their confirmation, which is never confirmed: nothing is changed. Files
are named for page, width and colours: `billing-wallet-change-1024-dark.png`. Says which pages scroll sideways.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Error, Page, sync_playwright

from tests.browser.conftest import ARGS, find_chromium
from tests.browser.crawl import LINKS

START = "/admin/"
WIDTHS, SCREEN, TALLEST = (1440, 1024), 900, 2600
SCHEMES: tuple[Any, ...] = ("light", "dark")
NO_PAGE = re.compile(r"\.\w+$|logout|/(csv|xlsx|pdf|download\w*)/|^/admin/r/|^(?!/admin/)")
# What is wider than its place, page or table, and by how much.
SIDEWAYS = """[document.documentElement, ...document.querySelectorAll('main *, #main *, .bo-scroll')]
    .filter(e => e.scrollWidth > e.clientWidth + 1 && (e === document.documentElement
                 || ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)))
    .map(e => `${e.id || e.className.slice(0, 30) || e.tagName} ${e.scrollWidth}/${e.clientWidth}`)"""
ANSWERS = {"number": "5", "text": "As agreed with the customer", "email": "new@customer.example", "date": "2026-11-01"}


def enter(page: Page, email: str, password: str) -> Page:
    """The window, on the dashboard."""
    page.goto(START)
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/")
    return page


def kind_of(path: str) -> str:
    """`/admin/billing/wallet/17/change/` is a `billing-wallet-change`; histories look alike and are of one kind."""
    parts = path.strip("/").split("/")[1:]
    if parts[-1:] == ["history"]:
        return "history"
    return "-".join(part for place, part in enumerate(parts) if place != 2 or len(parts) == 3) or "dashboard"


def pages(page: Page, only: list[str]) -> Iterator[str]:
    """The kinds of page whose names begin with one of `only` (all, if empty), the window being on each when named."""
    waiting, seen = [START], {kind_of(START)}
    while waiting:
        address = waiting.pop(0)
        try:
            answer = page.goto(address)
        except Error as download:
            print(address, str(download).splitlines()[0])
            continue
        if answer is None or answer.status >= 400:
            print(address, "answers", answer and answer.status)
        if wanted(kind_of(address), only):
            yield kind_of(address)
        for path in (urlsplit(link).path for link in page.evaluate(LINKS)):
            kind = kind_of(path) if not NO_PAGE.search(path) else ""
            if kind not in {"", *seen} and wanted(kind, only):
                seen.add(kind)
                waiting.append(path)


def wanted(kind: str, only: list[str]) -> bool:
    """Whether the page was asked for."""
    return not only or any(kind.startswith(name) for name in only)


def ask(page: Page) -> bool:
    """Fill in the action's form and send it on; True if there is one. Nothing is done before the confirmation."""
    form = page.locator("form:has(input[name=step][value=check])")
    if not form.count():
        return False
    for field in form.locator("input:visible, textarea:visible, select:visible").all():
        kind = field.get_attribute("type") or "text"
        if field.evaluate("e => e.tagName") == "SELECT":
            field.evaluate("e => { if (!e.value) e.value = [...e.options].map(o => o.value).find(Boolean) || '' }")
        elif kind in ANSWERS and not field.input_value():
            is_date = "vDateField" in (field.get_attribute("class") or "")
            field.fill(ANSWERS["date" if is_date else kind])
    with page.expect_navigation():
        form.evaluate("form => form.submit()")
    return True


def photograph(page: Page, stem: Path, widths: list[int], schemes: list[Any]) -> None:
    """The page at every width in both colours; says what scrolls sideways."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": SCREEN})
        if wide := page.evaluate(SIDEWAYS):
            print(f"{stem.name} at {width} px scrolls sideways: {'; '.join(wide[:4])}", flush=True)
        height = page.evaluate("Math.max(...[...document.querySelectorAll('*')].map(e => e.scrollHeight))")
        page.set_viewport_size({"width": width, "height": max(SCREEN, min(height, TALLEST))})
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", scheme == "dark")
            page.screenshot(path=f"{stem}-{width}-{scheme}.png")


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--site", default="http://127.0.0.1:8000")
    parser.add_argument("--email", default="staff@backoffice.example")
    parser.add_argument("--password", default="demo-password")
    parser.add_argument("--only", nargs="+", default=[], help="how the names of the pages begin; all by default")
    parser.add_argument("--widths", nargs="+", type=int, default=WIDTHS)
    parser.add_argument("--schemes", nargs="+", choices=SCHEMES, default=SCHEMES)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGS)
        page = browser.new_page(base_url=options.site, locale="en-US")
        page.set_default_timeout(60_000)
        enter(page, options.email, options.password)
        for kind in pages(page, options.only):
            photograph(page, options.out / kind, options.widths, options.schemes)
            if ask(page):
                photograph(page, options.out / f"{kind}-confirm", options.widths, options.schemes)


if __name__ == "__main__":
    main()
