"""Tax IDs, registration codes and bank details: what they look like by country, and which of them are doubtful.

A wrong form is an error and is not saved. A check digit that does not match, and what only looks foreign, is a warning:
registers hold such numbers, too, and the sample of the product's own page is one (aipbx.md, 'Organizations').
Countries without rules here take every text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from stdnum import bic, iban
from stdnum.eu import vat
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.in_ import gstin
from stdnum.ru import inn
from stdnum.us import ein, rtn

EU = frozenset(code.upper() for code in vat.MEMBER_STATES - {"xi"})
US_REGIONS = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR"
    " PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI"
)
KPP = re.compile(r"[0-9]{4}[0-9A-Z]{2}[0-9]{3}")
BIK = re.compile(r"[0-9]{9}")
IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
EIN = re.compile(r"[0-9]{2}-?[0-9]{7}")
ABROAD = re.compile(r"[0-9]{10}([0-9]{2})?")  # the tax ID of a foreign legal entity, in a country that gives none
ACCOUNT_RU_WEIGHTS = (7, 1, 3)
SEPARATORS = re.compile(r"[\s.\-\N{EN DASH}\N{NO-BREAK SPACE}]+")


@dataclass(slots=True)
class Identifiers:
    """What an organization is known by, as it was typed; after `checked` in the form in which it is kept."""

    country: str
    region: str = ""
    tax_id: str = ""
    tax_registration_code: str = ""
    bank_account: str = ""
    bank_code: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)


def checked(given: Identifiers) -> Identifiers:
    """The identifiers in the form in which they are kept, with errors and warnings by field."""
    found = Identifiers(
        given.country, given.region, given.tax_id, given.tax_registration_code, given.bank_account, given.bank_code
    )
    rules = {"RU": _russia, "US": _united_states, "IN": _india}.get(given.country, _eu if given.country in EU else None)
    if rules is not None:
        rules(found)
    return found


def key_digit_matches(bank_account: str, bank_code: str) -> bool:
    """Whether a Russian account belongs to the bank of this BIK: FACTS.md, 'Identifiers and tax'."""
    digits = bank_code[-3:] + bank_account
    products = (int(digit) * ACCOUNT_RU_WEIGHTS[place % 3] for place, digit in enumerate(digits))
    return sum(product % 10 for product in products) % 10 == 0


def _plain(text: str) -> str:
    return SEPARATORS.sub("", text).upper()


def _russia(found: Identifiers) -> None:
    found.tax_id = _plain(found.tax_id)
    if found.tax_id:
        try:
            inn.validate(found.tax_id)
        except InvalidChecksum:
            found.warnings["tax_id"] = _check_digit()
        except ValidationError:
            found.errors["tax_id"] = _("An INN has 10 digits, or 12 for a sole proprietor.")
    found.tax_registration_code = _plain(found.tax_registration_code)
    if found.tax_registration_code and not KPP.fullmatch(found.tax_registration_code):
        found.errors["tax_registration_code"] = _("A KPP has 9 characters, such as 770101001.")
    elif found.tax_registration_code and len(found.tax_id) == 12:
        found.warnings["tax_registration_code"] = _("A sole proprietor has no KPP. You can save it as it is.")
    found.bank_code = _plain(found.bank_code)
    if found.bank_code and not BIK.fullmatch(found.bank_code):
        found.errors["bank_code"] = _("A BIK has 9 digits, such as 044525225.")
    found.bank_account = _plain(found.bank_account)
    if found.bank_account and not re.fullmatch(r"[0-9]{20}", found.bank_account):
        found.errors["bank_account"] = _("An account has 20 digits.")
    elif (
        found.bank_account
        and found.bank_code
        and "bank_code" not in found.errors
        and not key_digit_matches(found.bank_account, found.bank_code)
    ):
        found.warnings["bank_account"] = _(
            "The account and the BIK do not match. Check both; you can save them as they are."
        )


def _united_states(found: Identifiers) -> None:
    if found.region and found.region not in US_REGIONS.split():
        found.errors["region"] = _("Write the two letters of the state, such as NY.")
    tax_id = SEPARATORS.sub("", found.tax_id)
    if EIN.fullmatch(tax_id):
        found.tax_id = ein.format(tax_id)
        if not ein.is_valid(tax_id):
            found.warnings["tax_id"] = _("No EIN begins with these two digits. Check it; you can save it as it is.")
    elif ABROAD.fullmatch(found.tax_id):
        found.warnings["tax_id"] = _("An EIN has 9 digits. Save it as it is if it is a tax ID of another country.")
    elif found.tax_id:
        found.errors["tax_id"] = _("An EIN has 9 digits, such as 12-3456789.")
    found.bank_code = _plain(found.bank_code)
    if found.bank_code:
        try:
            rtn.validate(found.bank_code)
        except InvalidChecksum:
            found.warnings["bank_code"] = _check_digit()
        except ValidationError:
            found.errors["bank_code"] = _("A routing number has 9 digits, such as 021000021.")
    found.bank_account = _plain(found.bank_account)
    if found.bank_account and not re.fullmatch(r"[0-9A-Z]{4,34}", found.bank_account):
        found.errors["bank_account"] = _("An account number has 4 to 17 digits.")
    elif found.bank_account and not re.fullmatch(r"[0-9]{4,17}", found.bank_account):
        found.warnings["bank_account"] = _(
            "An account number has at most 17 digits. Save it as it is if the bank is in another country."
        )


def _india(found: Identifiers) -> None:
    found.tax_id = _plain(found.tax_id)
    if found.tax_id:
        try:
            gstin.validate(found.tax_id)
        except InvalidChecksum:
            found.warnings["tax_id"] = _("The last character does not match the others. You can save it as it is.")
        except ValidationError:
            found.errors["tax_id"] = _("A GSTIN has 15 characters, such as 27AAPFU0939F1ZV.")
    found.bank_code = _plain(found.bank_code)
    if found.bank_code and not IFSC.fullmatch(found.bank_code):
        found.errors["bank_code"] = _("An IFSC has 11 characters, the fifth is a zero, such as HDFC0000001.")
    found.bank_account = _plain(found.bank_account)
    if found.bank_account and not re.fullmatch(r"[0-9]{9,18}", found.bank_account):
        found.errors["bank_account"] = _("An account number has 9 to 18 digits.")


def _eu(found: Identifiers) -> None:
    prefix = "EL" if found.country == "GR" else found.country
    tax_id = _plain(found.tax_id)
    if tax_id:
        own = tax_id if tax_id[:2].isalpha() else prefix + tax_id
        found.tax_id = own
        try:
            found.tax_id = vat.validate(own)
        except InvalidChecksum:
            found.warnings["tax_id"] = _check_digit()
        except ValidationError:
            found.errors["tax_id"] = _(
                "This is no VAT number: it begins with %(prefix)s and has as many characters as your country gives."
            ) % {"prefix": prefix}
        if "tax_id" not in found.errors and not own.startswith(prefix):
            found.warnings["tax_id"] = _("It is a VAT number of another country. You can save it as it is.")
    found.bank_account = _plain(found.bank_account)
    if found.bank_account and not IBAN.fullmatch(found.bank_account):
        found.errors["bank_account"] = _("An IBAN begins with two letters and two digits, such as DE89 3704 0044 ….")
    elif found.bank_account:
        try:
            iban.validate(found.bank_account)
        except InvalidChecksum:
            found.warnings["bank_account"] = _(
                "The check digits do not match the others. Check it; you can save it as it is."
            )
        except ValidationError:
            found.errors["bank_account"] = _(
                "No country has an IBAN like this. Check its first letters and its length."
            )
    found.bank_code = _plain(found.bank_code)
    if found.bank_code and not bic.is_valid(found.bank_code):
        found.errors["bank_code"] = _("A BIC has 8 or 11 characters, such as COBADEFFXXX.")


def _check_digit() -> str:
    return _("The last digit does not match the others. Check it; you can save it as it is.")
