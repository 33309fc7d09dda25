"""Products from their files: what is loaded, what a second load changes, and how mistakes are told."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.models import CreditPack, Plan, ProductTerms, TopUpTerms
from organizations.models import Account, Product, Service, User
from usage.models import Rate, RateCard, RateCardVersion
from usage.services.products.files import FOLDER, product_slugs, read_product
from usage.services.products.load import load_product
from usage.services.products.tables import ProductFileError

pytestmark = pytest.mark.django_db

SLUGS = ["aipbx", "aitelier", "atllasx", "letustalk", "osmtalk"]
Edit = Callable[..., Path]


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    """A copy of a product's file with one text replaced: `edit("aipbx", old, new)` → its folder."""

    def replace(slug: str, *changes: tuple[str, str]) -> Path:
        text = (FOLDER / f"{slug}.toml").read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / f"{slug}.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return replace


def load(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("load_products", *arguments, stdout=out)
    return out.getvalue().splitlines()


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Product, ProductTerms, Service, RateCard, RateCardVersion, Rate))


def test_every_product_is_loaded_and_a_second_load_changes_nothing() -> None:
    load()
    before, revisions = counts(), list(Product.objects.order_by("slug").values_list("slug", "rates_revision"))
    assert [slug for slug, _ in revisions] == SLUGS
    assert load() == [f"{slug}: unchanged, rate card version 1" for slug in SLUGS]
    assert counts() == before
    assert list(Product.objects.order_by("slug").values_list("slug", "rates_revision")) == revisions


def test_what_is_loaded_is_what_the_pages_say() -> None:
    load()
    found = {
        product.slug: (product.currency, product.accent, product.default_project_mode, product.shows_costs)
        for product in Product.objects.all()
    }
    assert found == {
        "aipbx": ("USD", "indigo", "live", False),
        "aitelier": ("USD", "plum", "sandbox", False),
        "atllasx": ("CREDIT", "ocean", "live", False),
        "letustalk": ("USD", "jade", "live", True),
        "osmtalk": ("INR", "ember", "live", True),
    }
    terms = {
        slug: (floor, on_exhaustion, bonus, allotment)
        for slug, floor, on_exhaustion, bonus, allotment in ProductTerms.objects.values_list(
            "product__slug", "floor", "on_exhaustion", "welcome_bonus", "monthly_allotment"
        )
    }
    assert terms == {
        "aipbx": (0, "finish", 0, 0),
        "aitelier": (0, "finish", 0, 0),
        "atllasx": (1, "hangup", 0, 100),
        "letustalk": (Decimal("0.10"), "finish", Decimal("0.50"), 0),
        "osmtalk": (10, "finish", 50, 0),
    }
    services = sorted(Service.objects.values_list("product__slug", "slug"))
    assert services == sorted([*((slug, slug) for slug in SLUGS), ("osmtalk", "osmapi")])


def test_prices_that_the_pages_leave_open_are_marked() -> None:
    load()
    marked = Rate.objects.filter(is_operators_to_set=True).values_list("component", "tier").order_by("position")
    assert list(marked) == [("call", "economy")] * 3 + [("call", "premium")] * 3 + [("overage", "")]
    on_request = Rate.objects.filter(price__isnull=True).values_list("model", flat=True).distinct()
    assert list(on_request.order_by()) == ["yandex-realtime"]


def test_changed_prices_become_a_new_version_from_the_files_date(edit: Edit) -> None:
    load_product(file=read_product("atllasx"))
    folder = edit("atllasx", ("2020-01-01T12:00:00Z", "2026-06-01T00:00:00Z"), ('price = "1" ', 'price = "2" '))
    loaded = load_product(file=read_product("atllasx", folder))
    assert (loaded.change, loaded.version.number, loaded.version.status) == ("updated", 2, "published")
    assert loaded.version.starts_at == datetime(2026, 6, 1, tzinfo=UTC)
    prices = Rate.objects.filter(version__card=loaded.version.card).order_by("version__number")
    assert list(prices.values_list("price", flat=True)) == [1, 2]
    assert load_product(file=read_product("atllasx", folder)).change == "unchanged"


def test_changed_prices_without_a_later_date_are_refused_and_nothing_is_written(edit: Edit) -> None:
    load_product(file=read_product("atllasx"))
    folder = edit(
        "atllasx", ('name = "AI Receptionist"\ncurrency', 'name = "X"\ncurrency'), ('price = "1" ', 'price = "2" ')
    )
    with pytest.raises(ProductFileError, match=r"atllasx.toml, \[rate_card\], starts_at: must be later"):
        load_product(file=read_product("atllasx", folder))
    assert Product.objects.get(slug="atllasx").name == "AI Receptionist"
    assert Rate.objects.filter(version__card__product__slug="atllasx").count() == 1


def test_examples_follow_the_file_without_a_new_version_and_keep_their_digits(edit: Edit) -> None:
    load_product(file=read_product("letustalk"))
    folder = edit("letustalk", ('sip = "0.007"', 'sip = "0.0071"'))
    loaded = load_product(file=read_product("letustalk", folder))
    assert (loaded.change, loaded.version.number) == ("updated", 1)
    costs = {"llm": "0.005", "stt": "0.006", "tts": "0.022", "sip": "0.0071"}
    assert loaded.version.card.examples == {"call.completed": {"channel": "phone", "provider_costs": costs}}


def test_changed_terms_are_followed_and_noticed_by_every_process(edit: Edit) -> None:
    load_product(file=read_product("letustalk"))
    before = Product.objects.get(slug="letustalk").rates_revision
    loaded = load_product(file=read_product("letustalk", edit("letustalk", ('floor = "0.10"', 'floor = "0.20"'))))
    assert (loaded.change, loaded.product.rates_revision) == ("updated", before + 1)
    assert ProductTerms.objects.get(product=loaded.product).floor.amount == Decimal("0.20")


def test_the_currency_of_a_product_with_accounts_cannot_change(edit: Edit) -> None:
    product = load_product(file=read_product("letustalk")).product
    Account.objects.create(product=product, external_id="a", name="A", timezone="UTC")
    with pytest.raises(ProductFileError, match="currency: cannot change"):
        load_product(file=read_product("letustalk", edit("letustalk", ('currency = "USD"', 'currency = "EUR"'))))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ('price = "0.006" ', "price = 0.006 "),
            "aipbx.toml, [[rate_card.rates]] 3, price: must be a number in quotes",
        ),
        (('price = "0.006" ', 'price = "-1" '), "price: must be a number in plain digits"),
        (('price = "0.006" ', 'price = "1e3" '), "price: must be a number in plain digits"),
        (('price = "0.006" ', 'price = "٣" '), "price: must be a number in plain digits"),
        (('price = "0.006" ', 'prize = "0.006" '), "price: give either a price or on_request = true."),
        (('unit = "token"', 'unit = "token"\ncolour = "red"'), "colour: is not a field of this table."),
        (('metric = "stt_seconds"', 'metric = "sst_seconds"'), "call.completed reports no sst_seconds"),
        (('event_type = "call.completed"', 'event_type = "call.done"'), "event_type: must be one of call.completed"),
        (('component = "stt"', 'component = "s t t"'), "component: Enter a valid"),
        (("2020-01-01T12:00:00Z", "2020-01-01T12:00:00"), "starts_at: needs an offset"),
        (('currency = "USD"', 'currency = "XXX"'), "[product], currency: must be one of USD"),
        (('timezone = "UTC"', 'timezone = "Mars/Base"'), '[product], timezone: "Mars/Base" is not a timezone'),
        (('rounding_step = "0.001"', 'rounding_step = "0"'), "rounding_step: must be above 0"),
        (("hold_seconds = 900", "hold_seconds = true"), "[terms], hold_seconds: must be a whole number."),
        (('slug = "aipbx"', 'slug = "other"'), "[product], slug: must be the file's name"),
        (('limit = "3"', ""), "[[rate_card.free_rules]] 1, limit: is required."),
        (
            ('tts_seconds = "90"', 'tts_second = "90"'),
            "[rate_card.examples.call.completed], tts_second: is not a field",
        ),
        (('tts_seconds = "90"', "tts_seconds = 90"), "tts_seconds: must be a number in quotes"),
        (("[product]", "[product"), "aipbx.toml: is not valid TOML"),
    ],
)
def test_a_mistake_names_file_table_field_and_rule(edit: Edit, change: tuple[str, str], message: str) -> None:
    with pytest.raises(ProductFileError) as error:
        read_product("aipbx", edit("aipbx", change))
    assert message in str(error.value)


def test_a_service_of_another_product_is_refused(edit: Edit) -> None:
    load_product(file=read_product("osmtalk"))
    folder = edit("aipbx", ('[[services]]\nslug = "aipbx"', '[[services]]\nslug = "osmapi"'))
    with pytest.raises(ProductFileError, match="osmapi is a service of another product"):
        load_product(file=read_product("aipbx", folder))


def test_an_unknown_product_ends_the_command_with_code_2_and_one_line() -> None:
    with pytest.raises(CommandError) as error:
        load("nope")
    assert error.value.returncode == 2
    assert str(error.value) == f"nope.toml: there is no such file. Products: {', '.join(SLUGS)}."


def test_one_wrong_file_loads_none(monkeypatch: pytest.MonkeyPatch) -> None:
    load("aipbx")
    monkeypatch.setattr("usage.management.commands.load_products.read_product", fail_on_osmtalk)
    before = counts()
    with pytest.raises(CommandError):
        load("letustalk", "osmtalk")
    assert counts() == before


def fail_on_osmtalk(slug: str) -> Any:
    if slug == "osmtalk":
        raise ProductFileError("osmtalk.toml", "x", "is wrong.")
    return read_product(slug)


def test_demo_customers_are_never_made_in_production(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="never created in production") as error:
        load("--demo", "atllasx")
    assert error.value.returncode == 2
    assert not User.objects.exists()
    assert not Account.objects.exists()


def test_every_file_has_a_demo_customer_with_an_owner() -> None:
    for slug in product_slugs():
        accounts = read_product(slug).demo_accounts
        assert len(accounts) == (2 if slug == "aitelier" else 1), slug  # one of Aitelier's pays by invoice
        for account in accounts:
            assert account.members[0].role == "owner"
            assert all(member.email.endswith(".example") for member in account.members)


def test_each_product_takes_money_as_its_page_says(products: dict[str, Product]) -> None:
    found = {
        terms.product.slug: (
            str(terms.minimum.amount.normalize()),
            [str(choice.quantize(Decimal(1))) for choice in terms.choices],
            terms.providers,
            terms.price_currency,
            terms.offers_auto_top_up,
        )
        for terms in TopUpTerms.objects.select_related("product")
    }
    assert found == {
        "aipbx": ("1E+1", ["10", "25", "50", "100"], ["stripe", "robokassa", "bank"], "USD", False),
        "aitelier": ("2E+1", ["50", "200", "500"], ["stripe", "bank"], "USD", True),
        "letustalk": ("5", ["5", "10", "25", "50"], ["stripe"], "USD", False),
        "osmtalk": ("1E+2", ["500", "1000", "2000", "5000"], ["stripe"], "INR", False),
        "atllasx": ("5E+1", ["100", "200", "500", "1000"], ["stripe"], "USD", True),
    }
    assert {str(plan): str(plan.allotment.amount.normalize()) for plan in Plan.objects.all()} == {
        "Starter": "1E+2",
        "Practice": "3E+2",
    }
    assert [pack.amount.amount for pack in CreditPack.objects.all()] == [Decimal(500), Decimal(1000)]
    assert all(pack.price_currency == "USD" and pack.currency == "CREDIT" for pack in CreditPack.objects.all())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ('providers = ["stripe"] -> providers = []', "[top_up], providers: is required: nobody could pay."),
        ('choices = ["5", "10", -> choices = ["10", "5",', "[top_up], choices: must rise, from the minimum"),
        ('minimum = "5" -> minimum = "0"', "[top_up], minimum: must be above 0"),
        ('providers = ["stripe"] -> providers = ["bank"]', "[top_up], bank_details: is required"),
        ('auto_top_up = false -> unit_price = "2"', "[top_up], unit_price: must be 1"),
        ('auto_top_up = false -> price_currency = "INR"', "[top_up], price_currency: must be USD"),
    ],
)
def test_a_mistake_in_how_money_is_taken_is_told(tmp_path: Path, change: str, expected: str) -> None:
    old, new = change.split(" -> ")
    text = (FOLDER / "letustalk.toml").read_text(encoding="utf-8")
    start = text.index("[top_up]")
    assert old in text[start:]
    (tmp_path / "letustalk.toml").write_text(text[:start] + text[start:].replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ProductFileError, match=re.escape(expected)):
        read_product("letustalk", tmp_path)
