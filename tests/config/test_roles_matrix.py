"""The whole admin walked as each role: every address, button and menu entry is there for whom the matrix names.

Views are called without rendering, so that all of them fit into half a minute; one row of every model is enough.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY as PROOFS
from allauth.account.internal.userkit import user_id_to_str
from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from organizations.models import Product, ServiceKey, User
from organizations.roles import StaffRole
from tests.config import admin_rows
from tests.config.admin_rows import fill, make_clerk
from tests.config.role_matrix import ACTIONS, BULK_ACTIONS, MODELS, PAGES, Pages
from tests.factories import make_user

PEOPLE = {"-": None, "S": StaffRole.SUPPORT, "B": StaffRole.BILLING, "P": StaffRole.PRICING, "A": StaffRole.ADMIN}
CRUD = ("changelist", "add", "history", "delete", "change", "autocomplete")
WRITE = "{} has no line in tests/config/role_matrix.py ({}): write there who may use it."


@dataclass(frozen=True)
class Person:
    """Somebody of the staff, and the letter they have in the matrix."""

    letter: str
    user: User

    def request(self, address: str, sent: dict[str, str] | None = None) -> HttpRequest:
        """What their browser would send, signed in just now."""
        factory = RequestFactory()
        made: Any = factory.get(address) if sent is None else factory.post(address, sent)
        made.user, made.session, made.htmx = self.user, SessionStore(), False
        made.session[PROOFS] = [{"method": "password", "at": time.time()}]
        made.session[f"{PROOFS}_user"] = user_id_to_str(self.user)
        made._messages, made._dont_enforce_csrf_checks = FallbackStorage(made), True
        return made

    def open(self, address: str, sent: dict[str, str] | None = None) -> Any:
        """The answer, not rendered; None where it is refused or the row hidden. Nothing that it does stays."""
        request = self.request(address, sent)
        request.resolver_match = found = resolve(address)
        try:
            with transaction.atomic():
                answer = found.func(request, *found.args, **found.kwargs)
                transaction.set_rollback(True)
        except PermissionDenied:
            return None
        except ReauthenticationRequired:
            return request
        is_hidden = getattr(answer, "url", "") == reverse("admin:index")
        return None if is_hidden or answer.status_code == 403 else answer


@dataclass(frozen=True)
class Address:
    """An address of the admin: its name, and whether it is of a row."""

    name: str
    takes: tuple[str, ...]

    @cached_property
    def model(self) -> type[models.Model] | None:
        """The model whose admin it belongs to."""
        found = [one for one in admin.site._registry if self.name.startswith(f"{prefix(one)}_")]
        return max(found, key=lambda one: len(prefix(one))) if found else None

    @property
    def page(self) -> str:
        """What is left of the name beside the model's."""
        return self.name.removeprefix(f"{prefix(self.model)}_") if self.model else self.name


def prefix(model: type[models.Model] | None) -> str:
    assert model is not None
    return f"{model._meta.app_label}_{model._meta.model_name}"


def addresses(resolver: Any = None) -> Iterator[Address]:
    """Every named address of the admin."""
    if resolver is None:
        (resolver,) = [each for each in get_resolver().url_patterns if getattr(each, "app_name", "") == "admin"]
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from addresses(each)
        elif isinstance(each, URLPattern) and each.name:
            takes = getattr(each.pattern, "converters", None) or each.pattern.regex.groupindex
            yield Address(each.name, tuple(takes))


def row_of(person: Person, model: type[models.Model]) -> Any:
    """The key of the newest row, of those that the person is shown where some are hidden."""
    shown = admin.site.get_model_admin(model).get_queryset(person.request("/admin/")).order_by("-pk").first()
    row = shown or model._default_manager.order_by("-pk").first()
    assert row is not None, model
    return row.prefix if isinstance(row, ServiceKey) else row.pk


def url(name: str, *arguments: Any) -> str:
    return reverse(f"admin:{name}", args=arguments)


def actions_of(model_admin: Any) -> dict[str, str]:
    """The model's buttons: name of the address and where it stands."""
    kinds = ("detail", "list", "row", "submit_line")
    return {
        one.action_name: kind for kind in kinds for one in getattr(model_admin, f"_get_base_actions_{kind}", list)()
    }


def menu_of(model_admin: Any) -> set[str]:
    """What the menu above the model's list may hold."""
    return set() if model_admin.actions is None else {name for _do, name, _words in model_admin._get_base_actions()}


@pytest.fixture
def person(request: pytest.FixtureRequest, products: dict[str, Product], monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setattr(admin_rows, "ROWS", 1)
    fill(products)
    letter = request.param
    if letter == "superuser":
        return Person("A", make_user(is_staff=True))
    user = make_clerk()
    if role := PEOPLE[letter]:
        user.groups.add(Group.objects.get(name=role))
    return Person(letter, user)


def test_every_model_page_and_action_has_a_line_and_every_line_something_to_be_about() -> None:
    faults = []
    registered = {model._meta.label_lower: model_admin for model, model_admin in admin.site._registry.items()}
    buttons = {name for model_admin in registered.values() for name in actions_of(model_admin)}
    crud = {f"{prefix(model)}_{page}" for model in admin.site._registry for page in CRUD}
    pages = {one.name for one in addresses()} - buttons - crud
    menus = {f"{label} {name}" for label, model_admin in registered.items() for name in menu_of(model_admin)}
    menus = {one for one in menus if not one.endswith(" delete_selected") or one in BULK_ACTIONS}
    for found, lines, table in (
        (menus, BULK_ACTIONS, "BULK_ACTIONS"),
        (set(registered), MODELS, "MODELS"),
        (buttons, ACTIONS, "ACTIONS"),
        (pages, PAGES, "PAGES"),
    ):
        faults += [WRITE.format(name, table) for name in sorted(found - set(lines))]
        faults += [
            f"{name} stands in {table} of tests/config/role_matrix.py, and is no more."
            for name in sorted(set(lines) - found)
        ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("person", [*PEOPLE, "superuser"], indirect=True)
def test_each_role_reaches_what_the_matrix_names_and_nothing_else(person: Person) -> None:
    wrong: list[str] = []

    def hold(what: str, lines: str, answer: bool) -> None:
        if answer != (person.letter in lines):
            wrong.append(f"{what}: {'open' if answer else 'closed'} to {person.letter}, the matrix says {lines!r}")

    for model, model_admin in admin.site._registry.items():
        lines = MODELS.get(model._meta.label_lower, Pages(""))
        base, key = prefix(model), row_of(person, model)
        _walk_pages(person, base, key, lines, hold)
        _walk_buttons(person, model_admin, base, key, hold)
        _walk_menu(person, model_admin, model._meta.label_lower, lines, hold)
    _walk_other_pages(person, hold)
    _walk_sidebar(person, hold)
    assert not wrong, "\n".join(wrong)


def _walk_pages(person: Person, base: str, key: Any, lines: Any, hold: Any) -> None:
    hold(f"{base} list", lines.view, person.open(url(f"{base}_changelist")) is not None)
    hold(f"{base} history", lines.view, person.open(url(f"{base}_history", key)) is not None)
    page = person.open(url(f"{base}_change", key))
    hold(f"{base} row", lines.view, page is not None)
    context = getattr(page, "context_data", None) or {}
    hold(f"{base} form", lines.change, bool(context.get("has_change_permission")))
    hold(f"{base} saving", lines.change, person.open(url(f"{base}_change", key), {"_save": "1"}) is not None)
    hold(f"{base} new", lines.add, person.open(url(f"{base}_add")) is not None)
    hold(f"{base} adding", lines.add, person.open(url(f"{base}_add"), {"_save": "1"}) is not None)
    hold(f"{base} deleting", lines.delete, person.open(url(f"{base}_delete", key)) is not None)
    shown = [item for part in ("actions_detail",) for item in context.get(part, ())]
    for button in shown:
        for one in button.get("items", [button]):
            name = resolve(one["path"]).url_name or ""
            hold(f"{base} shows {name}", ACTIONS.get(name, ""), True)


def _walk_buttons(person: Person, model_admin: Any, base: str, key: Any, hold: Any) -> None:
    for name, kind in actions_of(model_admin).items():
        if kind == "submit_line":
            continue  # part of saving
        address = url(name) if kind == "list" else url(name, key)
        hold(name, ACTIONS.get(name, ""), person.open(address) is not None)
        hold(f"{name}, sent", ACTIONS.get(name, ""), person.open(address, {"step": "confirm"}) is not None)
        if kind == "list" and (page := person.open(url(f"{base}_changelist"))) is not None:
            offered = {resolve(one["path"]).url_name for one in _flat(page.context_data["actions_list"])}
            hold(f"{base} offers {name}", ACTIONS.get(name, ""), name in offered)


def _flat(buttons: Any) -> list[Any]:
    return [one for button in buttons for one in button.get("items", [button])]


def _walk_menu(person: Person, model_admin: Any, label: str, lines: Any, hold: Any) -> None:
    offered = model_admin.get_actions(person.request("/admin/"))
    for name in menu_of(model_admin):
        line = BULK_ACTIONS.get(f"{label} {name}", lines.delete if name == "delete_selected" else "")
        hold(f"{label} {name}", line, name in offered)


def _walk_other_pages(person: Person, hold: Any) -> None:
    for each in {one.name: one for one in addresses()}.values():
        if each.name not in PAGES or each.name in ("login", "logout", "autocomplete"):
            continue
        if not each.takes:
            hold(each.name, PAGES[each.name], person.open(url(each.name)) is not None)
        elif each.model is not None:
            hold(each.name, PAGES[each.name], person.open(url(each.name, row_of(person, each.model))) is not None)


def _walk_sidebar(person: Person, hold: Any) -> None:
    site: Any = admin.site
    groups = site.get_sidebar_list(person.request("/admin/"))
    for item in (item for group in groups for item in group["items"]):
        found = Address(resolve(str(item["link"]).split("?")[0]).url_name or "", ())
        if found.page == "changelist" and found.model:
            hold(
                f"sidebar {item['title']}",
                MODELS.get(found.model._meta.label_lower, Pages("")).view,
                bool(item["has_permission"]),
            )
        else:
            lines = PAGES.get(found.name) or ACTIONS.get(found.name, "")
            hold(f"sidebar {item['title']}", lines, bool(item["has_permission"]))
