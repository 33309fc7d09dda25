"""One product's file (`config/products/<slug>.toml`), read and checked as a whole before anything is written."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from django.conf import settings

from organizations.models import Accent, Mode, OnExhaustion
from usage.rating.faults import faults
from usage.rating.types import CardVersion
from usage.services.products.card_table import Examples, read_card
from usage.services.products.demo_table import DemoAccount, DemoCoupon, read_demo_account, read_demo_coupon
from usage.services.products.issuer_table import IssuerSpec, read_issuer
from usage.services.products.money_table import MoneySpec, read_money
from usage.services.products.tables import ProductFileError, Table

FOLDER = Path(settings.BASE_DIR) / "config" / "products"


@dataclass(frozen=True, slots=True)
class ProductSpec:
    """What `organizations.Product` takes from the file."""

    slug: str
    name: str
    currency: str
    accent: str
    mark: str
    timezone: str
    default_project_mode: str
    shows_costs: bool


@dataclass(frozen=True, slots=True)
class TermsSpec:
    """What `billing.ProductTerms` takes from the file; amounts in the product's currency."""

    floor: Decimal
    on_exhaustion: str
    hold: Decimal
    hold_seconds: int
    cost_per_minute: Decimal
    max_call_seconds: int
    welcome_bonus: Decimal
    welcome_bonus_days: int | None
    monthly_allotment: Decimal
    event_window_days: int
    approval_limit: Decimal | None
    """What one person may move by hand; None: everything."""


@dataclass(frozen=True, slots=True)
class ProductFile:
    """A whole file, sound in itself."""

    name: str
    product: ProductSpec
    terms: TermsSpec
    money: MoneySpec
    issuer: IssuerSpec | str | None
    """A text: the slug of one that another file describes."""
    services: tuple[tuple[str, str], ...]
    """(slug, name)"""
    card: CardVersion
    card_note: str
    card_examples: Examples
    demo_accounts: tuple[DemoAccount, ...]
    demo_coupons: tuple[DemoCoupon, ...]


def product_slugs() -> list[str]:
    """The products that have a file, by slug."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_product(slug: str, folder: Path = FOLDER) -> ProductFile:
    """Read and check a product's file. Raises ProductFileError, whose text is fit for an operator."""
    path = folder / f"{slug}.toml"
    if not path.is_file():
        raise ProductFileError(f"{slug}.toml", "", f"there is no such file. Products: {', '.join(product_slugs())}.")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProductFileError(path.name, "", f"is not valid TOML: {error}.") from None
    root = Table(path.name, data)
    product = _product(root.table("product"))
    if product.slug != slug:
        raise ProductFileError(path.name, "[product], slug", f'must be the file\'s name, "{slug}".')
    terms = _terms(root.table("terms"))
    money = read_money(root.table("top_up"), product.currency)
    issuer = read_issuer(root.table("issuer")) if root.has("issuer") else None
    services = tuple(_service(table) for table in root.tables("services"))
    if not services:
        raise root.error("[[services]]", "is required: nobody could report usage.")
    card, note, examples = read_card(root.table("rate_card"))
    found = faults(card)
    if found:
        raise ProductFileError(path.name, "[rate_card]", found[0])
    accounts: tuple[DemoAccount, ...] = ()
    coupons: tuple[DemoCoupon, ...] = ()
    if root.has("demo"):
        demo = root.table("demo")
        accounts = tuple(read_demo_account(table, product.timezone, services) for table in demo.tables("accounts"))
        coupons = tuple(read_demo_coupon(table) for table in demo.tables("coupons"))
        demo.done()
    root.done()
    return ProductFile(path.name, product, terms, money, issuer, services, card, note, examples, accounts, coupons)


def _product(table: Table) -> ProductSpec:
    spec = ProductSpec(
        slug=table.text("slug"),
        name=table.text("name"),
        currency=table.choice("currency", settings.CURRENCIES),
        accent=table.choice("accent", Accent.values),
        mark=table.text("mark"),
        timezone=table.timezone("UTC"),
        default_project_mode=table.choice("default_project_mode", Mode.values),
        shows_costs=table.flag("shows_costs", False),
    )
    table.done()
    return spec


def _terms(table: Table) -> TermsSpec:
    spec = TermsSpec(
        floor=table.number("floor"),
        on_exhaustion=table.choice("on_exhaustion", OnExhaustion.values),
        hold=table.number("hold"),
        hold_seconds=table.whole("hold_seconds", 900),
        cost_per_minute=table.number("cost_per_minute"),
        max_call_seconds=table.whole("max_call_seconds", 3600),
        welcome_bonus=table.number("welcome_bonus"),
        welcome_bonus_days=table.whole("welcome_bonus_days") if table.has("welcome_bonus_days") else None,
        monthly_allotment=table.number("monthly_allotment"),
        event_window_days=table.whole("event_window_days", 35),
        approval_limit=table.number("approval_limit") if table.has("approval_limit") else None,
    )
    table.done()
    return spec


def _service(table: Table) -> tuple[str, str]:
    service = (table.text("slug"), table.text("name"))
    table.done()
    return service
