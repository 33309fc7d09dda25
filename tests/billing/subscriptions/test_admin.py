"""Payment settings in the back office: plans, packs, terms, taxes, exchange rates, organizations."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import CreditPack, ExchangeRate, Plan, TaxRate, TopUpTerms
from organizations.models import Organization, Product
from tests.billing.wallets import make_product, make_wallet

pytestmark = pytest.mark.django_db


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:{name}", args=args)


def terms(product: Product, **fields: Any) -> dict[str, Any]:
    """What is typed for new top-up terms."""
    return {
        "product": product.pk,
        "paid_in": "USD",
        "minimum": "50",
        "maximum": "10000",
        "choices": "500, 100, 200",
        "providers": ["stripe", "bank"],
        "unit_price": "0.50",
        "offers_auto_top_up": "on",
        "cooling_minutes": "60",
        "refund_months": "12",
        "bank_details": "Bank of Test",
        **fields,
    }


@pytest.fixture
def credits(staff_client: Client) -> Product:
    """A product that sells credits for dollars, set up in the back office."""
    product = make_product(currency="CREDIT")
    assert staff_client.post(page("billing_topupterms_add"), terms(product)).status_code == 302
    return product


def test_terms_keep_both_currencies_and_rising_choices(credits: Product) -> None:
    found = TopUpTerms.objects.get()
    assert (found.currency, found.price_currency, found.unit_price.amount) == ("CREDIT", "USD", D("0.5"))
    assert (found.choices, found.providers) == ([D(100), D(200), D(500)], ["stripe", "bank"])


def test_terms_are_changed_without_their_currencies(credits: Product, staff_client: Client) -> None:
    html = staff_client.get(page("billing_topupterms_change", credits.pk)).content.decode()
    assert "100, 200, 500" in html
    sent = terms(credits, minimum="60", paid_in="EUR", choices="100, 200")
    assert staff_client.post(page("billing_topupterms_change", credits.pk), sent).status_code == 302
    found = TopUpTerms.objects.get()
    assert (found.minimum.amount, found.price_currency, found.choices) == (D(60), "USD", [D(100), D(200)])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"minimum": "50.5"}, "Credits are whole"),
        ({"maximum": "40"}, "less than the minimum"),
        ({"choices": "10, 100"}, "between the minimum and the maximum"),
        ({"choices": "a lot"}, "Write plain numbers"),
        ({"providers": []}, "This field is required"),
    ],
)
def test_terms_that_make_no_sense_are_refused(staff_client: Client, fields: dict[str, Any], words: str) -> None:
    answer = staff_client.post(page("billing_topupterms_add"), terms(make_product(currency="CREDIT"), **fields))
    assert words in answer.content.decode()
    assert TopUpTerms.objects.count() == 0


def test_a_product_that_sells_no_credits_is_paid_in_its_own_currency(staff_client: Client) -> None:
    answer = staff_client.post(page("billing_topupterms_add"), terms(make_product(), paid_in="EUR")).content.decode()
    assert "pay in USD" in answer
    assert "A product that sells no credits has the price 1." in answer


def test_plans_and_packs_take_their_currencies_from_the_terms(credits: Product, staff_client: Client) -> None:
    plan = {"product": credits.pk, "name": "Plus", "allotment": "200", "price": "80.50", "is_active": "on"}
    assert staff_client.post(page("billing_plan_add"), plan).status_code == 302
    made = Plan.objects.get()
    assert (made.currency, made.price_currency, made.price.amount) == ("CREDIT", "USD", D("80.5"))
    assert "Price (USD)" in staff_client.get(page("billing_plan_change", made.pk)).content.decode()
    changed = {**plan, "price": "90.25", "allotment": "300"}
    assert staff_client.post(page("billing_plan_change", made.pk), changed).status_code == 302
    made.refresh_from_db()
    assert (made.price.amount, made.allotment.amount) == (D("90.25"), D(300))
    pack = {"product": credits.pk, "amount": "500", "price": "199.99", "is_active": "on"}
    assert staff_client.post(page("billing_creditpack_add"), pack).status_code == 302
    assert (CreditPack.objects.get().price.amount, CreditPack.objects.get().currency) == (D("199.99"), "CREDIT")


def test_a_plan_gives_whole_credits_and_needs_terms(credits: Product, staff_client: Client) -> None:
    plan = {"product": credits.pk, "name": "Plus", "allotment": "200.5", "price": "80", "is_active": "on"}
    assert "Credits are whole" in staff_client.post(page("billing_plan_add"), plan).content.decode()
    other = {**plan, "product": make_product().pk, "allotment": "200"}
    assert "no top-up terms yet" in staff_client.post(page("billing_plan_add"), other).content.decode()
    assert Plan.objects.count() == 0


def test_a_tax_rate_names_a_country_and_days_in_order(staff_client: Client) -> None:
    rate = {
        "name": "Sales tax",
        "percent": "8.875",
        "scheme": "standard",
        "country": "us",
        "region": "ny",
        "valid_from": "2026-01-01",
        "valid_until": "",
    }
    assert staff_client.post(page("billing_taxrate_add"), rate).status_code == 302
    made = TaxRate.objects.get()
    assert (made.country, made.region, made.percent) == ("US", "NY", D("8.875"))
    for fields, words in (
        ({"country": "XX"}, "no such country"),
        ({"valid_until": "2025-01-01"}, "before the first"),
        ({"scheme": "igst"}, "Only India has this one."),
        ({"country": "IN"}, "In India a rate is IGST, CGST or SGST."),
    ):
        sent = {**rate, "region": "NJ", **fields}
        assert words in staff_client.post(page("billing_taxrate_add"), sent).content.decode()


def test_an_exchange_rate_is_between_two_currencies(staff_client: Client) -> None:
    rate = {"base": "USD", "quote": "RUB", "rate": "92.5", "valid_from": "2026-01-01"}
    assert staff_client.post(page("billing_exchangerate_add"), rate).status_code == 302
    assert ExchangeRate.objects.get().rate == D("92.5")
    again = staff_client.post(page("billing_exchangerate_add"), {**rate, "quote": "USD"})
    assert "the same currency" in again.content.decode()


def test_a_new_default_organization_takes_the_place_of_the_old_one(staff_client: Client) -> None:
    account = make_wallet().account
    sent = {"account": account.pk, "tax_id": "DE136695976", "country": "de", "make_default": "on"}
    for name in ("First", "Second"):
        assert staff_client.post(page("organizations_organization_add"), {**sent, "name": name}).status_code == 302
    assert list(Organization.objects.filter(is_default=True).values_list("name", "country")) == [("Second", "DE")]


def test_nothing_that_money_depends_on_is_deleted(credits: Product, staff_client: Client) -> None:
    rows = [
        TopUpTerms.objects.get(),
        ExchangeRate.objects.create(base="USD", quote="RUB", rate=9, valid_from="2026-01-01"),
    ]
    for row in rows:
        address = page(f"billing_{row._meta.model_name}_delete", row.pk)
        assert staff_client.post(address, {"post": "yes"}).status_code == 403
