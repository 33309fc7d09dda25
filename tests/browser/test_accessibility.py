"""axe-core finds nothing wrong with any page, at both widths, in both colours; a fourfold zoom loses nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import pytest
from django.core import mail
from playwright.sync_api import Page

from organizations.models import Account, Membership, Role
from organizations.services.invitations import create_invitation
from tests.browser import axe
from tests.browser.crawl import pages
from tests.browser.demo import demo, stripe
from tests.browser.shots import PRODUCTS, SCHEMES, SIDEWAYS, WIDTHS, enter, owner_of
from tests.factories import PASSWORD, make_user

__all__ = ["demo", "stripe"]

Forms = Sequence[tuple[int, Literal["light", "dark"]]]

ZOOMED = 320  # a window of 1280 pixels at 400 %
# What differs between products is colour and content: one of them is looked at in all forms, the others in two.
FORMS: Forms = [(width, scheme) for width in WIDTHS for scheme in SCHEMES]
TWO_FORMS: Forms = [FORMS[1], FORMS[2]]
IN_ALL_FORMS = "aitelier"
LEAST_PAGES = 20  # what every product has: a crawl that ends at the first page finds no faults either


@pytest.fixture(scope="module")
def script() -> str:
    return axe.source()


def faults(page: Page, script: str, forms: Forms = FORMS) -> Iterator[str]:
    """What is wrong with the open page in each of its forms, once each."""
    seen: set[str] = set()
    for width, scheme in forms:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for finding in axe.findings(page, script):
            if finding not in seen:
                seen.add(finding)
                yield f"{page.url}, {width} px, {scheme}: {finding}"
    page.set_viewport_size({"width": ZOOMED, "height": 900})
    if page.evaluate(SIDEWAYS):
        yield f"{page.url} scrolls sideways at {ZOOMED} px"


@pytest.mark.parametrize("slug", sorted(path.stem for path in PRODUCTS.glob("*.toml")))
def test_no_page_of_a_product_has_a_fault(
    demo: Callable[[str], Account], open_page: Callable[..., Page], script: str, slug: str
) -> None:
    demo(slug)
    page = enter(open_page(), owner_of(slug))
    visited: list[str] = []
    found: list[str] = []
    for kind in pages(page):
        visited.append(kind)
        found += faults(page, script, FORMS if slug == IN_ALL_FORMS else TWO_FORMS)
    assert found == []
    assert len(visited) >= LEAST_PAGES, visited


def test_no_page_has_a_fault_for_a_reader_who_may_only_look(
    demo: Callable[[str], Account], open_page: Callable[..., Page], script: str
) -> None:
    reader = make_user(email="viewer@example.com", name="Vera Viewer")
    Membership.objects.create(account=demo("atllasx"), user=reader, role=Role.VIEWER)
    page = enter(open_page(), reader.email, PASSWORD)
    assert [fault for _ in pages(page) for fault in faults(page, script, TWO_FORMS)] == []


def test_the_pages_before_signing_in_have_no_fault(
    account: Account, open_page: Callable[..., Page], script: str, mailoutbox: list[mail.EmailMessage]
) -> None:
    _, token = create_invitation(account=account, email="new@example.com", role=Role.BILLING)
    page = open_page()
    found: list[str] = []
    for address in ("accounts/login/", "accounts/password/reset/", "accounts/signup/", f"billing/invitations/{token}/"):
        page.goto(f"/{address}")
        found += faults(page, script)
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill("nobody@example.com")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    found += faults(page, script)
    page.goto("/accounts/password/reset/")
    page.get_by_label("Email").fill("nina@brightwave.example")
    page.keyboard.press("Enter")
    page.wait_for_url("**/done/")
    found += faults(page, script)
    page.goto(re.findall(r"http\S+", str(mailoutbox[-1].body))[0])
    found += faults(page, script)
    assert found == []


def test_what_a_form_answers_has_no_fault(
    demo: Callable[[str], Account], open_page: Callable[..., Page], script: str
) -> None:
    demo("aitelier")
    page = enter(open_page(), owner_of("aitelier"))
    wrong = [
        ("top-up/", "amount", "1"),
        ("auto-top-up/", "threshold", "-1"),
        ("coupons/", "code", "NO-SUCH-CODE"),
        ("limits/", "daily_cap", "0.01"),
        ("limits/", "daily_cap", "a lot"),
        ("organizations/add/", "tax_id", "77"),
    ]
    found: list[str] = []
    for address, name, value in wrong:
        page.goto(f"/billing/{address}")
        field = page.locator(f"main [name={name}]:is([type=text], :not([type]))").first
        field.fill(value)
        with page.expect_navigation():
            field.evaluate("field => { field.form.noValidate = true; field.form.requestSubmit(); }")
        found += faults(page, script)
    assert found == []


def test_the_pages_of_errors_have_no_fault(
    account: Account,
    sign_in: Callable[[Page], Page],
    open_page: Callable[..., Page],
    script: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*arguments: Any) -> None:
        raise RuntimeError("on purpose")

    page = sign_in(open_page())
    page.goto("/billing/no-such-page/")
    found = [*faults(page, script)]
    Membership.objects.update(role=Role.VIEWER)
    page.goto("/billing/organizations/add/")
    found += faults(page, script)
    monkeypatch.setattr("usage.views.overview.Frame", broken)
    page.goto("/billing/")
    page.get_by_role("heading", name="Something broke on our side").wait_for()
    found += faults(page, script)
    assert found == []
