"""What a top-up costs: packs, taxes rounded one by one, roubles at the day's rate, and what is refused in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from billing.models import ExchangeRate, ProductTerms, TaxRate, TopUpTerms
from billing.selectors.prices import Quote, offers, quote
from organizations.models import Account, Organization, Product
from tests.billing.documents.issued import make_issuer

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def new_york(make_account: Callable[..., Account]) -> Organization:
    """An organization in New York of an AI PBX account; no rates but the product's own."""
    TaxRate.objects.filter(product=None).delete()
    return Organization.objects.create(
        account=make_account("aipbx"), name="Acme Inc.", country="US", region="NY", tax_id="1"
    )


def price(
    account: Account, amount: str, provider: str = "bank", organization: Any = None, at: datetime = NOON
) -> Quote:
    return quote(account=account, amount=Decimal(amount), provider=provider, organization=organization, at=at)


def refusal(account: Account, amount: str, provider: str = "bank") -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        price(account, amount, provider)
    return dict(refused.value.message_dict)


def test_tax_is_that_of_the_organizations_state_to_the_cent(new_york: Organization) -> None:
    asked = price(new_york.account, "50", organization=new_york)
    assert asked.tax_lines == [{"name": "Sales tax, New York", "percent": "8.875", "base": "50.00", "amount": "4.44"}]
    assert (asked.net, asked.tax, asked.total) == (Decimal("50.00"), Decimal("4.44"), Decimal("54.44"))
    assert (asked.charge_amount, asked.charge_currency, asked.exchange_rate) == (Decimal("54.44"), "USD", None)


def test_without_an_organization_the_accounts_country_counts_and_no_state(new_york: Organization) -> None:
    TaxRate.objects.create(country="US", name="Federal", percent=Decimal("1.5"), valid_from=date(2020, 1, 1))
    federal = {"name": "Federal", "percent": "1.5", "base": "33.33", "amount": "0.50"}
    assert price(new_york.account, "33.33").tax_lines == [federal]
    lines = price(new_york.account, "33.33", organization=new_york).tax_lines
    assert [line["name"] for line in lines] == ["Federal", "Sales tax, New York"]


def test_each_tax_is_rounded_once_and_half_up(new_york: Organization) -> None:
    for name in ("A", "B"):
        TaxRate.objects.create(country="DE", name=name, percent=Decimal("2.5"), valid_from=date(2020, 1, 1))
    new_york.country, new_york.region = "DE", ""
    asked = price(new_york.account, "10.20", organization=new_york)  # 0.255 each
    assert [line["amount"] for line in asked.tax_lines] == ["0.26", "0.26"]
    assert asked.total == Decimal("10.72")


def test_a_rate_holds_on_its_days_and_a_newer_one_takes_its_place(new_york: Organization) -> None:
    rate = {"country": "US", "region": "NY", "name": "Sales tax, New York", "product": new_york.account.product}
    TaxRate.objects.create(percent=Decimal(9), valid_from=date(2026, 11, 21), **rate)
    assert price(new_york.account, "100", organization=new_york).tax == Decimal("9.00")
    eve = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
    assert price(new_york.account, "100", organization=new_york, at=eve).tax == Decimal("8.88")
    TaxRate.objects.update(valid_until=date(2026, 11, 20))
    assert price(new_york.account, "100", organization=new_york).tax_lines == []


def test_the_day_is_the_accounts(new_york: Organization) -> None:
    TaxRate.objects.update(valid_from=date(2026, 11, 22))
    new_york.account.timezone = "Pacific/Auckland"
    assert price(new_york.account, "100", organization=new_york).tax == Decimal("8.88")
    new_york.account.timezone = "UTC"
    assert price(new_york.account, "100", organization=new_york).tax == 0


def test_a_products_own_rate_takes_the_place_of_the_general_one(new_york: Organization) -> None:
    general = {"country": "US", "region": "NY", "name": "Sales tax, New York"}
    TaxRate.objects.create(percent=Decimal(20), valid_from=date(2026, 1, 1), product=None, **general)
    TaxRate.objects.filter(product=None).update(valid_from=date(2026, 11, 1))
    TaxRate.objects.exclude(product=None).delete()
    TaxRate.objects.create(percent=Decimal(5), valid_from=date(2026, 1, 1), product=new_york.account.product, **general)
    assert price(new_york.account, "100", organization=new_york).tax == Decimal("5.00")


def test_no_tax_where_the_product_bills_it_later(new_york: Organization) -> None:
    ProductTerms.objects.update(issuer=make_issuer(taxes_top_ups=False))
    asked = price(new_york.account, "50", organization=new_york)
    assert (asked.total, asked.tax_treatment) == (Decimal("50.00"), "")


def test_robokassa_is_asked_for_roubles_at_the_days_rate(new_york: Organization) -> None:
    ExchangeRate.objects.create(base="USD", quote="RUB", rate=Decimal("81.2345"), valid_from=date(2026, 11, 20))
    ExchangeRate.objects.create(base="USD", quote="RUB", rate=Decimal("99"), valid_from=date(2026, 11, 22))
    asked = price(new_york.account, "25", "robokassa", new_york)
    assert (asked.total, asked.price_currency) == (Decimal("27.22"), "USD")  # 25 + 2.22
    assert (asked.charge_amount, asked.charge_currency) == (Decimal("2211.20"), "RUB")  # 27.22 * 81.2345 = 2211.203
    assert asked.exchange_rate == Decimal("81.2345")


def test_no_exchange_rate_means_another_way_to_pay(new_york: Organization) -> None:
    ExchangeRate.objects.all().delete()
    found = refusal(new_york.account, "25", "robokassa")
    assert found == {
        "provider": ["There is no exchange rate from USD to RUB yet. Choose another way to pay."],
    }


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("9.99", "The smallest top-up is $10.00."),
        ("-10", "The smallest top-up is $10.00."),
        ("0", "The smallest top-up is $10.00."),
        ("100000.01", "The largest top-up is $100,000.00 at once."),
        ("10.001", "Enter an amount without fractions of a cent."),
        ("NaN", "Enter an amount in numbers."),
        ("Infinity", "Enter an amount in numbers."),
    ],
)
def test_an_amount_that_is_not_sold_is_refused_in_words(
    make_account: Callable[..., Account], amount: str, words: str
) -> None:
    assert refusal(make_account("aipbx"), amount) == {"amount": [words]}


def test_credits_are_whole_and_a_pack_has_a_price_of_its_own(make_account: Callable[..., Account]) -> None:
    account = make_account("atllasx")
    by_the_unit, pack, beyond = (price(account, amount, "stripe") for amount in ("499", "500", "501"))
    assert (by_the_unit.net, pack.net, beyond.net) == (Decimal("249.50"), Decimal(240), Decimal("250.50"))
    assert (pack.currency, pack.price_currency, pack.charge_currency) == ("CREDIT", "USD", "USD")
    assert refusal(account, "50.5", "stripe") == {"amount": ["Credits are whole. Enter a number without a fraction."]}
    assert refusal(account, "49", "stripe") == {"amount": ["The smallest top-up is 50 credits."]}


def test_a_pack_that_is_not_on_sale_has_the_price_of_its_units(make_account: Callable[..., Account]) -> None:
    account = make_account("atllasx")
    account.product.credit_packs.update(is_active=False)
    assert price(account, "500", "stripe").net == Decimal(250)


def test_a_provider_that_the_product_does_not_offer_is_refused(make_account: Callable[..., Account]) -> None:
    words = {"provider": ["This way to pay is not available. Choose another one."]}
    assert refusal(make_account("osmtalk"), "500", "bank") == words
    assert refusal(make_account("aipbx"), "50", "barter") == words


def test_offers_are_the_products_ways_to_pay_in_its_order(
    make_account: Callable[..., Account], products: dict[str, Product]
) -> None:
    assert [offer.provider for offer in offers(make_account("aipbx"))] == ["stripe", "robokassa", "bank"]
    assert [offer.provider for offer in offers(make_account("aitelier"))] == ["stripe", "bank"]
    account = make_account("letustalk")
    TopUpTerms.objects.filter(product=account.product).delete()
    assert offers(account) == []
