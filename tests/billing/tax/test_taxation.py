"""What accounts of the five products are taxed: by issuer, place, number and day, at the top-up or later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Issuer, ProductTerms, TaxRate, TopUp, VatCheck
from billing.selectors.prices import quote
from billing.selectors.taxation import taxation_at_top_up, taxation_of
from billing.services import top_ups
from billing.tax import Decision, Treatment
from organizations.models import Account, Organization
from tests.factories import make_user

DAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
D = Decimal
Make = Callable[..., Account]


def organization(account: Account, country: str, tax_id: str, region: str = "") -> Organization:
    return Organization.objects.create(
        account=account, name="Buyer", country=country, region=region, tax_id=tax_id, is_default=True
    )


def decided(account: Account, country: str, tax_id: str = "1", region: str = "", on: date = DAY) -> Decision:
    buyer = Organization(account=account, country=country, region=region, tax_id=tax_id)
    return taxation_of(account=account, organization=buyer, on=on)


def answered(buyer: Organization, state: str) -> None:
    VatCheck.objects.create(organization=buyer, number=buyer.tax_id, state=state, checked_at=NOON)


def test_a_german_issuer(make_account: Make) -> None:
    account = make_account("letustalk")
    vat = (("VAT", D("20.0000")),)
    assert decided(account, "FR", "FR76823400106") == Decision(Treatment.REVERSE_CHARGE)
    assert decided(account, "FR", "FR76823400107") == Decision(Treatment.EU_CONSUMER, vat)
    assert decided(account, "FR", "DE136695976") == Decision(Treatment.EU_CONSUMER, vat)
    assert decided(account, "DE", "DE136695976") == Decision(Treatment.DOMESTIC, (("VAT", D("19.0000")),))
    assert decided(account, "GB", "GB980780684") == Decision(Treatment.EXPORT)


def test_greek_numbers_begin_with_el(make_account: Make) -> None:
    account = make_account("letustalk")
    assert decided(account, "GR", "EL094259216") == Decision(Treatment.REVERSE_CHARGE)
    assert decided(account, "GR", "GR094259216").treatment == Treatment.EU_CONSUMER


def test_northern_ireland_is_outside(make_account: Make) -> None:
    assert decided(make_account("letustalk"), "GB", "XI980780684") == Decision(Treatment.EXPORT)


def test_an_indian_issuer_in_karnataka(make_account: Make) -> None:
    account = make_account("osmtalk")
    assert decided(account, "IN", "27AAECS7734M1ZS", "KA") == Decision(Treatment.IN_IGST, (("IGST", D("18.0000")),))
    both = (("CGST", D("9.0000")), ("SGST", D("9.0000")))
    assert decided(account, "IN", "29AAECS7734M1ZO", "MH") == Decision(Treatment.IN_CGST_SGST, both)
    assert decided(account, "US", region="NY") == Decision(Treatment.EXPORT)


def test_a_russian_issuer_before_and_after_the_rate_changed(make_account: Make) -> None:
    account = make_account("aipbx")
    before, after = (decided(account, "RU", on=day) for day in (date(2025, 12, 31), date(2026, 1, 1)))
    assert (before.rates, after.rates) == ((("НДС", D("20.0000")),), (("НДС", D("22.0000")),))
    assert decided(account, "KZ") == Decision(Treatment.EXPORT)


def test_a_russian_issuer_without_a_rate_sells_without_vat(make_account: Make) -> None:
    account = make_account("aipbx")
    own = {"product": account.product, "country": "RU", "name": "НДС", "percent": D(0)}
    TaxRate.objects.create(valid_from=date(2020, 1, 1), **own)
    assert decided(account, "RU") == Decision(Treatment.RUSSIA)


def test_american_issuers_tax_where_they_are_registered(make_account: Make) -> None:
    atllas, aitelier = make_account("atllasx"), make_account("aitelier")
    assert decided(atllas, "US", region="TX").rates == (("Sales tax, Texas", D("6.2500")),)
    assert decided(aitelier, "US", region="TX") == Decision(Treatment.UNTAXED)
    assert decided(aitelier, "FR", "FR76823400106") == Decision(Treatment.REVERSE_CHARGE)


def test_an_account_without_an_organization_is_a_consumer_where_it_is(make_account: Make) -> None:
    account = make_account("letustalk")
    account.country = "FI"
    for on, percent in ((date(2024, 8, 31), "24.0000"), (date(2024, 9, 1), "25.5000")):
        found = taxation_of(account=account, organization=None, on=on)
        assert found == Decision(Treatment.EU_CONSUMER, (("VAT", D(percent)),))
    account.country = ""
    assert taxation_of(account=account, organization=None, on=DAY) == Decision(Treatment.UNKNOWN_PLACE)


def test_the_registers_newest_answer_about_this_number_counts(make_account: Make) -> None:
    account = make_account("letustalk")
    buyer = organization(account, "FR", "FR76823400106")

    def treatment() -> str:
        return taxation_of(account=account, organization=buyer, on=DAY).treatment

    answered(buyer, "unavailable")
    assert treatment() == "reverse_charge"
    answered(buyer, "invalid")
    answered(buyer, "unavailable")
    assert treatment() == "eu_consumer"
    answered(buyer, "valid")
    assert treatment() == "reverse_charge"
    answered(buyer, "invalid")
    buyer.tax_id = "FR40303265045"  # another number: nothing is known of it
    assert treatment() == "reverse_charge"


def test_a_top_up_keeps_the_rule_and_its_lines(make_account: Make) -> None:
    account = make_account("letustalk")
    buyer = organization(account, "FR", "FR76823400107")
    asked: dict[str, Any] = {"amount": D(25), "provider": "stripe", "organization_id": buyer.pk, "saves_card": False}
    taxed = top_ups.start(wallet_id=account.wallet.pk, user_id=make_user().pk, **asked)
    Organization.objects.update(tax_id="FR76823400106")
    reverse = top_ups.start(wallet_id=account.wallet.pk, user_id=make_user().pk, **asked)
    line = {"name": "VAT", "percent": "20", "base": "25.00", "amount": "5.00"}
    found = [(row.tax_treatment, row.tax_lines, row.total.amount) for row in TopUp.objects.order_by("id")]
    assert found == [("eu_consumer", [line], D("30.00")), ("reverse_charge", [], D("25.00"))]
    assert [taxed.tax.amount, reverse.tax.amount] == [D("5.00"), 0]


def test_tax_that_is_due_on_the_invoice_is_not_on_the_top_up(make_account: Make) -> None:
    account = make_account("letustalk")
    account.country = "DE"
    Issuer.objects.filter(slug="letustalk").update(taxes_top_ups=False)
    at_top_up = quote(account=account, amount=D(25), provider="stripe", organization=None, at=NOON)
    assert (at_top_up.total, at_top_up.tax_lines, at_top_up.tax_treatment) == (D("25.00"), [], "")
    issuer = Issuer.objects.get(slug="letustalk")
    assert taxation_at_top_up(issuer, account=account, organization=None, on=DAY) is None
    later = taxation_of(account=account, organization=None, on=DAY)
    assert later == Decision(Treatment.DOMESTIC, (("VAT", D("19.0000")),))


@pytest.mark.parametrize("tax_id", ["FR76823400106", "1"])
def test_without_an_issuer_the_rates_of_the_place_hold(make_account: Make, tax_id: str) -> None:
    ProductTerms.objects.update(issuer=None)
    found = decided(make_account("letustalk"), "FR", tax_id)
    assert found == Decision(Treatment.DOMESTIC, (("VAT", D("20.0000")),))


@pytest.mark.parametrize(("percent", "words"), [("20.0000", "VAT 20%"), ("8.8750", "VAT 8.875%"), ("100", "VAT 100%")])
def test_a_rate_is_called_by_its_percent_without_the_columns_zeros(percent: str, words: str) -> None:
    assert str(TaxRate(name="VAT", percent=Decimal(percent))) == words
