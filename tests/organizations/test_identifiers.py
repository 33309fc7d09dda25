"""What tax IDs and bank details look like by country: wrong forms are errors, wrong check digits are warnings."""

from __future__ import annotations

import pytest

from organizations.identifiers import Identifiers, checked, key_digit_matches

SAMPLE = {
    "tax_id": "7701234567",
    "tax_registration_code": "770101001",
    "bank_account": "40702810500000012345",
    "bank_code": "044525225",
}


def look_at(country: str, **typed: str) -> Identifiers:
    given = Identifiers(country)
    for name, text in typed.items():
        setattr(given, name, text)
    return checked(given)


@pytest.mark.parametrize(
    ("country", "doubtful"), [("RU", {"tax_id", "bank_account"}), ("US", {"tax_id", "bank_account", "bank_code"})]
)
def test_the_pages_own_sample_is_doubtful_and_not_wrong(country: str, doubtful: set[str]) -> None:
    found = look_at(country, **SAMPLE)
    assert (found.errors, set(found.warnings)) == ({}, doubtful)


def test_without_a_country_every_text_is_taken_as_it_is() -> None:
    found = look_at("", **{**SAMPLE, "tax_id": "Nr. 7-a"})
    assert (found.errors, found.warnings, found.tax_id) == ({}, {}, "Nr. 7-a")


@pytest.mark.parametrize(("account", "matches"), [("40702810500000012345", False), ("40702810200000012345", True)])
def test_the_key_digit_ties_an_account_to_its_bank(account: str, matches: bool) -> None:
    assert key_digit_matches(account, "044525225") is matches


@pytest.mark.parametrize(
    ("country", "name", "typed", "kept"),
    [
        ("RU", "tax_id", "7707083893", "7707083893"),
        ("RU", "tax_id", "77 0708 3893", "7707083893"),
        ("RU", "tax_registration_code", "77010a001", "77010A001"),
        ("US", "tax_id", "123456789", "12-3456789"),
        ("US", "bank_code", "021000021", "021000021"),
        ("US", "region", "NY", "NY"),
        ("DE", "tax_id", "136 695 976", "DE136695976"),
        ("GR", "tax_id", "094259216", "EL094259216"),
        ("DE", "bank_account", "de89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("DE", "bank_code", "cobadeffxxx", "COBADEFFXXX"),
        ("IN", "tax_id", "27aapfu0939f1zv", "27AAPFU0939F1ZV"),
        ("IN", "bank_code", "HDFC0000001", "HDFC0000001"),
    ],
)
def test_right_ones_are_kept_in_one_form(country: str, name: str, typed: str, kept: str) -> None:
    found = look_at(country, **{name: typed})
    assert (getattr(found, name), found.errors, found.warnings) == (kept, {}, {})


@pytest.mark.parametrize(
    ("country", "name", "typed"),
    [
        ("RU", "tax_id", "770708389"),
        ("RU", "tax_registration_code", "77010100"),
        ("RU", "bank_account", "4070281050000001234"),
        ("RU", "bank_code", "04452522"),
        ("US", "tax_id", "12-34567"),
        ("US", "bank_code", "02100002"),
        ("US", "bank_account", "123"),
        ("US", "region", "New York"),
        ("DE", "tax_id", "DE12"),
        ("DE", "bank_account", "0532013000"),
        ("DE", "bank_code", "COBA"),
        ("IN", "tax_id", "27AAPFU0939F1Z"),
        ("IN", "bank_code", "HDFC1000001"),
        ("IN", "bank_account", "12345678"),
    ],
)
def test_wrong_forms_are_errors(country: str, name: str, typed: str) -> None:
    assert set(look_at(country, **{name: typed}).errors) == {name}


@pytest.mark.parametrize(
    ("country", "name", "typed"),
    [
        ("RU", "tax_id", "7707083894"),
        ("US", "tax_id", "07-3456789"),
        ("US", "bank_code", "021000022"),
        ("DE", "tax_id", "DE136695977"),
        ("DE", "tax_id", "FR40303265045"),
        ("DE", "bank_account", "DE88370400440532013000"),
        ("IN", "tax_id", "27AAPFU0939F1ZW"),
    ],
)
def test_wrong_check_digits_and_foreign_numbers_are_warnings(country: str, name: str, typed: str) -> None:
    found = look_at(country, **{name: typed})
    assert (found.errors, set(found.warnings)) == ({}, {name})
