"""The demo customers of a product's file: the `[[demo.accounts]]` tables, and how much each project is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

from organizations.models import Mode, Role
from usage.services.products.card_table import CHANNELS
from usage.services.products.tables import Table


@dataclass(frozen=True, slots=True)
class DemoMember:
    """A person who may sign in to a demo account."""

    email: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class DemoProject:
    """A project of a demo account and its usual usage; an empty mode is the product's default."""

    external_id: str
    name: str
    mode: str
    service: str
    channels: tuple[str, ...]
    calls_per_day: int
    chats_per_day: int
    llm_requests_per_day: int
    crawls_per_month: int


@dataclass(frozen=True, slots=True)
class DemoOrganization:
    """A legal entity of a demo account; the first is the default."""

    name: str
    country: str
    region: str
    tax_id: str
    tax_registration_code: str
    legal_address: str
    bank_account: str
    bank_code: str
    email: str


@dataclass(frozen=True, slots=True)
class DemoCoupon:
    """A code to try, worth `amount` of promo credit to so many accounts."""

    name: str
    code: str
    amount: Decimal
    limit: int


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A customer to look at: only ever created in development. `top_up` is paid in twice within the month.

    One with a `credit_limit` pays by invoice instead, and has had some months of it.
    """

    external_id: str
    name: str
    email: str
    country: str
    timezone: str
    balance: Decimal
    top_up: Decimal
    projects: tuple[DemoProject, ...]
    members: tuple[DemoMember, ...]
    organizations: tuple[DemoOrganization, ...] = ()
    credit_limit: Decimal = Decimal(0)


def read_demo_account(table: Table, timezone: str, services: Sequence[tuple[str, str]]) -> DemoAccount:
    """One customer; `timezone` and the first of the product's services (slug, name) are what is used unless named."""
    slugs = [slug for slug, _ in services]
    account = DemoAccount(
        external_id=table.text("account"),
        name=table.text("name"),
        email=table.text("email").lower(),
        country=table.text("country"),
        timezone=table.timezone(timezone),
        balance=table.number("balance"),
        top_up=table.number("top_up", "0"),
        projects=tuple(_project(project, slugs) for project in table.tables("projects")),
        members=tuple(_member(member) for member in table.tables("members")),
        organizations=tuple(_organization(row) for row in table.tables("organizations")),
        credit_limit=table.number("credit_limit", "0"),
    )
    table.done()
    return account


def _project(table: Table, services: Sequence[str]) -> DemoProject:
    project = DemoProject(
        external_id=table.text("project"),
        name=table.text("name"),
        mode=table.choice("mode", Mode.values) if table.has("mode") else "",
        service=table.choice("service", services, services[0]),
        channels=table.texts("channels", CHANNELS) or ("phone",),
        calls_per_day=table.whole("calls_per_day", 0),
        chats_per_day=table.whole("chats_per_day", 0),
        llm_requests_per_day=table.whole("llm_requests_per_day", 0),
        crawls_per_month=table.whole("crawls_per_month", 0),
    )
    table.done()
    return project


def _member(table: Table) -> DemoMember:
    member = DemoMember(table.text("email").lower(), table.text("name"), table.choice("role", Role.values))
    table.done()
    return member


def _organization(table: Table) -> DemoOrganization:
    names = (field.name for field in fields(DemoOrganization) if field.name != "name")
    organization = DemoOrganization(table.text("name"), *(table.text(name, "-").removeprefix("-") for name in names))
    table.done()
    return organization


def read_demo_coupon(table: Table) -> DemoCoupon:
    """One code."""
    coupon = DemoCoupon(table.text("name"), table.text("code"), table.number("amount"), table.whole("limit", 1))
    table.done()
    return coupon
