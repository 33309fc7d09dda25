"""Issuers and general rates from their files: who they are, that their numbers are right, what a second load does."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from billing.models import Issuer, ProductTerms, TaxRate
from organizations.identifiers import EU
from organizations.models import Product
from usage.services.products.files import FOLDER, read_product
from usage.services.products.load import load_product
from usage.services.products.load_money import load_taxes
from usage.services.products.tables import ProductFileError
from usage.services.products.tax_table import read_taxes

pytestmark = pytest.mark.django_db
D = Decimal


def edited(folder: Path, slug: str, old: str, new: str) -> Path:
    text = (FOLDER / f"{slug}.toml").read_text(encoding="utf-8")
    start = text.index("[issuer]")
    assert old in text[start:]
    (folder / f"{slug}.toml").write_text(text[:start] + text[start:].replace(old, new, 1), encoding="utf-8")
    return folder


def test_every_product_has_an_issuer_with_its_registered_office(products: dict[str, Product]) -> None:
    found = {
        terms.product.slug: (terms.issuer.country, terms.issuer.region, terms.issuer.tax_id, terms.issuer.language)
        for terms in ProductTerms.objects.select_related("issuer", "product")
        if terms.issuer is not None
    }
    assert found == {
        "aipbx": ("RU", "", "7709000412", "ru"),
        "aitelier": ("US", "WY", "", "en"),
        "atllasx": ("US", "TX", "36-4821907", "en"),
        "letustalk": ("DE", "", "DE314827053", "en"),
        "osmtalk": ("IN", "KA", "29AABCO4821K1Z9", "en"),
    }
    asap = ProductTerms.objects.select_related("issuer").get(product=products["aitelier"]).issuer
    assert asap is not None
    assert asap.name == "ASAP Research Laboratories LLC"
    assert asap.registered_office == "1603 Capitol Avenue, Suite 413A, 2584\nCheyenne, WY 82001\nUnited States"


def test_two_products_share_an_issuer_by_its_slug(products: dict[str, Product], tmp_path: Path) -> None:
    text = (FOLDER / "atllasx.toml").read_text(encoding="utf-8")
    start, end = text.index("[issuer]"), text.index("[[services]]")
    for slug in ("asap-research-laboratories", "nobody"):
        changed = f'{text[:start]}[issuer]\nslug = "{slug}"\n\n{text[end:]}'
        (tmp_path / "atllasx.toml").write_text(changed, encoding="utf-8")
        file = read_product("atllasx", tmp_path)
        if slug == "nobody":
            with pytest.raises(ProductFileError, match=r"atllasx.toml, \[issuer\], slug: nobody is not there yet"):
                load_product(file=file)
        else:
            assert load_product(file=file).change == "updated"
            assert load_product(file=file).change == "unchanged"
    issuers = ProductTerms.objects.filter(product__slug__in=["aitelier", "atllasx"]).values_list("issuer__name")
    assert set(issuers) == {("ASAP Research Laboratories LLC",)}


def test_an_issuer_follows_its_file(products: dict[str, Product], tmp_path: Path) -> None:
    folder = edited(tmp_path, "letustalk", 'email = "documents@', 'taxes_top_ups = false\nemail = "papers@')
    assert load_product(file=read_product("letustalk", folder)).change == "updated"
    issuer = Issuer.objects.get(slug="letustalk")
    assert (issuer.email, issuer.taxes_top_ups) == ("papers@letustalk.example", False)


def test_what_a_certificate_states_no_invoice_states_again(products: dict[str, Product]) -> None:
    issuer = Issuer.objects.get(slug="aipbx")
    issuer.taxes_top_ups = False
    with pytest.raises(ValidationError, match="Certificates state money that was taxed when it came"):
        issuer.full_clean()
    with pytest.raises(IntegrityError, match="issuer_states_usage_once"):
        issuer.save()


@pytest.mark.parametrize(
    ("slug", "old", "new", "message"),
    [
        (
            "aipbx",
            "issues_certificates = true",
            "issues_certificates = true\ntaxes_top_ups = false",
            "[issuer], issues_certificates: needs tax at top-up",
        ),
        ("aipbx", '"7709000412"', '"7709000413"', "[issuer], tax_id: The last digit does not match the others."),
        ("aipbx", '"40702810300000041234"', '"40702810400000041234"', "[issuer], bank_account: The account and the"),
        ("letustalk", '"DE314827053"', '"314827053"', '[issuer], tax_id: must be written as it is kept, "DE314827053"'),
        ("letustalk", 'country = "DE"', 'country = "XX"', "[issuer], country: must be one of"),
        ("osmtalk", 'slug = "osmtalk"', 'sluq = "osmtalk"', "[issuer], slug: is required."),
        ("osmtalk", 'email = "documents@', 'mail = "documents@', "[issuer], mail: is not a field of this table."),
        ("atllasx", 'timezone = "America/Chicago"', 'timezone = "Chicago"', '"Chicago" is not a timezone'),
    ],
)
def test_an_issuers_mistake_names_its_field(tmp_path: Path, slug: str, old: str, new: str, message: str) -> None:
    with pytest.raises(ProductFileError) as error:
        read_product(slug, edited(tmp_path, slug, old, new))
    assert message in str(error.value)


def test_the_general_rates_cover_the_union_india_and_russia() -> None:
    rates = read_taxes()
    assert {each.country for each in rates} == EU | {"IN", "RU"}
    assert {each.percent for each in rates if each.country == "FI"} == {D("24"), D("25.5")}
    assert {(each.scheme, each.percent) for each in rates if each.country == "IN"} == {
        ("igst", D(18)), ("cgst", D(9)), ("sgst", D(9)),
    }  # fmt: skip
    assert [(each.percent, each.valid_from) for each in rates if each.country == "RU"] == [
        (D(20), date(2019, 1, 1)), (D(22), date(2026, 1, 1)),
    ]  # fmt: skip


def test_rates_that_staff_changed_stay() -> None:
    assert load_taxes(read_taxes())
    assert not load_taxes(read_taxes())
    TaxRate.objects.filter(country="DE").update(percent=D("16"))
    assert not load_taxes(read_taxes())
    assert TaxRate.objects.get(country="DE").percent == D("16")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('rates = [{ country = "AT" }]', "taxes.toml, [[rates]] 1, name: is required."),
        ("[rates]", "taxes.toml, rates: must be a list of tables."),
        ("rates = [", "taxes.toml: cannot be read"),
        ('fees = "x"', "taxes.toml, fees: is not a field of this table."),
    ],
)
def test_a_mistake_among_the_general_rates_is_told(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "taxes.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProductFileError) as error:
        read_taxes(tmp_path / "taxes.toml")
    assert message in str(error.value)
