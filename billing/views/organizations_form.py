"""The form of an organization: its fields as the country calls them, as typed, and what is wrong or doubtful with them.

Doubtful values are saved when the reader, who has seen the warnings, sends exactly the same values again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from babel import Locale
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from organizations.identifiers import EU
from organizations.services.accounts import country_codes
from organizations.services.organizations import FIELDS, REQUIRED, Check, Details

Text = str | Promise
TYPED_MAX = 1000  # longer than any field, short enough to show again

LABELS: dict[str, Text] = {
    "name": _("Name"),
    "country": _("Country"),
    "region": _("State or region"),
    "tax_id": _("Tax ID"),
    "tax_registration_code": _("Tax registration code"),
    "legal_address": _("Legal address"),
    "bank_account": _("Bank account"),
    "bank_code": _("Bank code"),
    "email": _("E-mail for documents"),
}
EU_LABELS: dict[str, Text] = {"tax_id": _("VAT number"), "bank_account": _("IBAN"), "bank_code": _("BIC")}
OWN_LABELS: dict[str, dict[str, Text]] = {
    "RU": {
        "tax_id": _("INN (ИНН)"),
        "tax_registration_code": _("KPP (КПП)"),
        "bank_account": _("Bank account (расчётный счёт)"),
        "bank_code": _("BIK (БИК)"),
    },
    "US": {"region": _("State"), "tax_id": _("EIN"), "bank_code": _("Routing number")},
    "IN": {"region": _("State"), "tax_id": _("GSTIN"), "bank_code": _("IFSC")},
}
HELP: dict[str, Text] = {
    "country": _("It decides the tax and how the fields below are called and checked."),
    "email": _("Empty: documents go to the account's own address."),
}
OWN_HELP: dict[str, dict[str, Text]] = {
    "RU": {
        "tax_id": _("10 digits, 12 for a sole proprietor."),
        "tax_registration_code": _("9 characters."),
        "bank_account": _("20 digits."),
        "bank_code": _("9 digits."),
    },
    "US": {
        "region": _("Two letters, such as NY: sales tax follows it."),
        "tax_id": _("9 digits, such as 12-3456789."),
        "bank_code": _("9 digits."),
    },
    "IN": {"tax_id": _("15 characters."), "bank_code": _("11 characters.")},
}
EU_HELP: dict[str, Text] = {"tax_id": _("With the letters of the country, such as DE136695976.")}
AUTOCOMPLETE = {"name": "organization", "legal_address": "street-address", "email": "email"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field as the page shows it."""

    name: str
    label: str
    value: str
    help: str
    error: str
    warning: str
    is_required: bool
    autocomplete: str
    kind: str


@dataclass(slots=True)
class OrganizationForm:
    """The form as it stands; `found` is None for one that nobody has sent yet."""

    details: Details
    found: Check | None = None

    def field(self, name: str) -> Field:
        """A field with its label, its value and what is to be said about it."""
        return Field(
            name=name,
            label=str(labels_of(self.details.country)[name]),
            value=getattr(self.details, name),
            help=str(_help_of(self.details.country).get(name, "")),
            error=self.found.errors.get(name, "") if self.found else "",
            warning=self.found.warnings.get(name, "") if self.found else "",
            is_required=name in REQUIRED,
            autocomplete=AUTOCOMPLETE.get(name, "off"),
            kind="email" if name == "email" else "text",
        )

    @property
    def fields(self) -> dict[str, Field]:
        """All fields by name, in their order."""
        return {name: self.field(name) for name in FIELDS}

    @property
    def wrong(self) -> list[Field]:
        """The fields that keep it from being saved."""
        return [each for each in self.fields.values() if each.error]

    @property
    def doubtful(self) -> list[Field]:
        """The fields that are asked about before it is saved."""
        return [] if self.wrong else [each for each in self.fields.values() if each.warning]

    @property
    def accepted(self) -> str:
        """What the reader accepts by sending the form once more: the values that are warned of, and nothing else."""
        values = {each.name: [each.value, each.warning] for each in self.doubtful}
        return json.dumps(values, sort_keys=True) if values else ""

    @property
    def countries(self) -> list[tuple[str, str]]:
        """Codes and names of the countries, by name."""
        names = Locale.parse(get_language() or "en", sep="-").territories
        return sorted(((code, names.get(code, code)) for code in country_codes()), key=lambda each: each[1])


def read_details(sent: QueryDict) -> Details:
    """The details as they were sent."""
    return Details(**{name: sent.get(name, "")[:TYPED_MAX] for name in FIELDS})


def labels_of(country: str) -> dict[str, Text]:
    """What the fields are called in the country."""
    return {**LABELS, **(EU_LABELS if country in EU else OWN_LABELS.get(country, {}))}


def _help_of(country: str) -> dict[str, Text]:
    return {**HELP, **(EU_HELP if country in EU else OWN_HELP.get(country, {}))}
