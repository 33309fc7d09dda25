"""A real Chromium against the running site; whatever it complains about fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

    from organizations.models import Account

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """The browser of the system; none is downloaded."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of this folder. Without one they are skipped, or fail where REQUIRE_BROWSER is set."""
    executable = find_chromium()
    if executable is None:
        reason = "No Chromium found: install the system's package (Debian: apt-get install chromium)."
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread; the tests' own queries, and the clean-up's, are synchronous all the
    # same.
    with pytest.MonkeyPatch.context() as patched, sync_playwright() as playwright:
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = playwright.chromium.launch(executable_path=executable, args=ARGS)
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browsers of the test complained about."""
    return []


@pytest.fixture
def open_page(browser: Browser, live_server: Any, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """`open_page(width=375, scripts=False)`: a new window on the site, every complaint noted."""
    contexts = []

    def window(*, width: int = 1280, height: int = 900, scripts: bool = True, scheme: Any = "light") -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            java_script_enabled=scripts,
            color_scheme=scheme,
            locale="en-US",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: _complain(complaints, request))
        return page

    yield window
    for context in contexts:
        context.close()


def _complain(complaints: list[str], request: Request) -> None:
    """A request failed; one that was given up because the page was left has not."""
    if request.failure != "net::ERR_ABORTED":
        complaints.append(f"{request.url}: {request.failure}")


@pytest.fixture
def account(products: dict[str, Any]) -> Account:
    """A customer of letustalk.ai with money, two projects and one call."""
    from billing.models import ProductTerms
    from tests.factories import make_member, open_test_account

    ProductTerms.objects.update(welcome_bonus=0)
    account = open_test_account(
        products["letustalk"], name="Brightwave", paid="10", projects=[("support", "live"), ("pilot", "sandbox")]
    )
    make_member(account, email="nina@brightwave.example", name="Nina Brandt")
    return account


@pytest.fixture
def sign_in(account: Account) -> Callable[[Page], Page]:
    """Go through the sign-in page as the account's owner."""
    from tests.factories import PASSWORD

    def through(page: Page) -> Page:
        page.goto("/billing/")
        page.get_by_label("Email").fill("nina@brightwave.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/billing/")
        return page

    return through


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder is a browser test."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")
