"""People of the staff at the back office in a browser: signing in, going through an action's steps, reading tables."""

from __future__ import annotations

import re
import time
from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY as PROOFS
from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import Model
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from billing.models import ProductTerms
from organizations.models import Account, Product, User
from organizations.roles import StaffRole
from tests.factories import PASSWORD, make_member, make_user, open_test_account

PATIENCE_MS = 15_000
TOO_LONG_AGO = 100_000  # seconds; RECENT_SIGN_IN_SECONDS is 600


def make_staff(role: StaffRole | None, name: str) -> User:
    """Somebody of the staff with this role and nothing beside it; they sign in with `PASSWORD`."""
    person = make_user(email=f"{name.split()[0].lower()}@staff.example", name=name)
    person.is_staff = True
    person.save()
    if role is not None:
        person.groups.add(Group.objects.get(name=role.value))
    return person


def change_page(row: Model, name: str = "change") -> str:
    """The address of a row's page, or of one of its actions."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk])


class Desk:
    """One person before one window. `page` is Playwright's, for all that is not said here."""

    def __init__(self, page: Page, person: User) -> None:
        self.page, self.person = page, person
        page.set_default_timeout(PATIENCE_MS)
        page.goto("/admin/")
        page.get_by_label("Email").fill(person.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Dashboard").first.wait_for()

    def find(self, term: str) -> Locator:
        """What the box of Ctrl + K answers from the dashboard: a row for each, and one for all of them."""
        self.page.goto("/admin/")
        self.page.wait_for_function("window.Alpine?.version && document.readyState === 'complete'")
        self.page.keyboard.press("Control+k")
        self.page.locator("#search-input-command:focus").wait_for()
        self.page.keyboard.type(term)
        self.page.locator("#command-results-list").wait_for()
        return self.page.locator("ul#command-results-list li")

    def open(self, row: Model) -> None:
        """The row's own page."""
        self.page.goto(change_page(row))

    def press(self, name: str, menu: str = "More") -> None:
        """One of the buttons above a page, which begins an action; behind another one where there are many."""
        button = self._button(name)
        self._button(f"({name}|{menu})").wait_for()
        if not button.is_visible():
            self._button(menu).click()
        button.click()

    def offers(self, name: str) -> bool:
        """Whether the page has this button, if only behind `More`."""
        return self._button(name).count() == 1

    def _button(self, name: str) -> Locator:
        """By its words; the name of its icon stands before them."""
        words = re.compile(rf"^\s*([a-z0-9_]+\s+)?{name}(\s+chevron_right)?\s*$")
        return self.page.locator("a").filter(has_text=words).first

    def fill(self, **typed: str | bool) -> None:
        """The action's form, field by field: text, a choice, or a switch."""
        for name, value in typed.items():
            field = self.page.locator(f".bo-form [name='{name}']:visible").first
            if isinstance(value, bool):
                field.set_checked(value)
            elif field.get_attribute("type") == "radio":
                self.page.locator(f".bo-form [name='{name}'][value='{value}']").check()
            elif field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(label=value)
            else:
                field.fill(value)

    def go_on(self) -> dict[str, str]:
        """Press Continue; what the confirmation says, by its labels."""
        self.page.get_by_role("button", name="Continue").click()
        return self.confirmation()

    def confirmation(self) -> dict[str, str]:
        """What the open confirmation says, by its labels."""
        self.page.locator(".bo-question").wait_for()
        rows = self.page.locator(".bo-form .bo-table tr").all()
        return {row.locator("th").inner_text(): row.locator("td").inner_text() for row in rows}

    def confirm(self, verb: str, answer: str) -> None:
        """Press the confirmation's button and read the words that the deed ends with."""
        self.page.get_by_role("button", name=verb, exact=True).click()
        expect(self.page.get_by_text(answer).first).to_be_visible()

    def panel(self, title: str) -> Locator:
        """One of the tables below a page."""
        heading = self.page.get_by_role("heading", name=title, exact=True)
        return self.page.locator("section.bo-panel").filter(has=heading)

    def cells(self, title: str) -> list[list[str]]:
        """The rows of a table below a page, with its total."""
        rows = self.panel(title).locator("tbody tr, tfoot tr").all()
        return [[cell.inner_text() for cell in row.locator("th, td").all()] for row in rows]

    def is_refused(self, address: str) -> bool:
        """Whether the address answers this person with 403; asked without the page's complaint about it."""
        return self.page.request.get(address).status == 403

    def stays_away(self) -> None:
        """So long that the last proof of who sits here is no longer recent."""
        key = next(one["value"] for one in self.page.context.cookies() if one["name"] == settings.SESSION_COOKIE_NAME)
        session: Any = SessionStore(key)
        session[PROOFS] = [{"method": "password", "at": time.time() - TOO_LONG_AGO}]
        session.save()

    def proves(self) -> None:
        """Confirm with the password, where it is asked for."""
        expect(self.page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Confirm", exact=True).click()


def open_customer(products: dict[str, Product], *, paid: str = "10") -> Account:
    """Brightwave of AI PBX with its owner: no gifts, so that the balance is what was paid."""
    ProductTerms.objects.update(welcome_bonus=0, monthly_allotment=0)
    account = open_test_account(products["aipbx"], name="Brightwave", paid=paid, email="nina@brightwave.example")
    make_member(account, email="nina@brightwave.example", name="Nina Brandt")
    return account
