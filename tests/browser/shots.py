"""Photograph every page of a running site (`make run`), signed in as each product's demo owner, in every form.

    python -m tests.browser.shots --out DIR [--site http://127.0.0.1:8000] [--products aipbx …] [--pages calls …]

The files are named for page, product, width and colours: `calls-aipbx-375-dark.png`.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import ARGS, find_chromium
from tests.browser.crawl import pages

PRODUCTS = Path(__file__).parents[2] / "config" / "products"
PASSWORD = "demo-password"
WIDTHS, SCREEN = (375, 1440), 812
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def owner_of(product: str) -> str:
    """The e-mail address that the product's first demo owner signs in with."""
    demo = tomllib.loads((PRODUCTS / f"{product}.toml").read_text())["demo"]
    return next(member["email"] for member in demo["accounts"][0]["members"] if member["role"] == "owner")


def enter(page: Page, email: str, password: str = PASSWORD) -> Page:
    """The window, beyond the sign-in page."""
    page.goto("/billing/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.locator("#content.main").wait_for()
    return page


def photograph(page: Page, stem: Path) -> None:
    """The page at every width in both colours; says where it scrolls sideways."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": SCREEN})
        if page.evaluate(SIDEWAYS):
            print(f"{page.url} scrolls sideways at {width} px")
        # As high as the page: what is fixed to the screen's edge covers nothing in the middle of the picture.
        page.set_viewport_size({"width": width, "height": page.evaluate("document.documentElement.scrollHeight")})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.screenshot(path=f"{stem}-{width}-{scheme}.png")


def main() -> None:
    """Take them all."""
    products = sorted(path.stem for path in PRODUCTS.glob("*.toml"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--site", default="http://127.0.0.1:8000")
    parser.add_argument("--products", nargs="+", choices=products, default=products)
    parser.add_argument("--pages", nargs="+", help="kinds of page, as the files are named; all by default")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGS)
        for product in options.products:
            page = enter(browser.new_page(base_url=options.site, locale="en-US"), owner_of(product))
            for kind in pages(page):
                if not options.pages or kind in options.pages:
                    photograph(page, options.out / f"{kind}-{product}")


if __name__ == "__main__":
    main()
