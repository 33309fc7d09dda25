"""In whose name a product's documents are written: the `[issuer]` table of its file.

The file's numbers are held to their check digits, without exception: they stand on every document.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.conf import settings

from organizations.identifiers import Identifiers, checked
from organizations.services.accounts import country_codes
from usage.services.products.tables import Table


@dataclass(frozen=True, slots=True)
class IssuerSpec:
    """What `billing.Issuer` takes from the file."""

    slug: str
    name: str
    country: str
    region: str
    registered_office: str
    tax_id: str
    tax_registration_code: str
    registration_number: str
    email: str
    taxes_top_ups: bool
    issues_certificates: bool
    timezone: str
    language: str
    bank_name: str
    bank_account: str
    bank_code: str
    correspondent_account: str
    upi_id: str
    signatory_name: str
    signatory_position: str
    accountant_name: str
    footer: str


def read_issuer(table: Table) -> IssuerSpec | str:
    """The issuer, or the slug of one that another product's file describes. Raises ProductFileError."""
    slug = table.text("slug")
    if not table.has("name"):
        table.done()
        return slug
    spec = IssuerSpec(
        slug=slug,
        name=table.text("name"),
        country=table.choice("country", sorted(country_codes())),
        region=_optional(table, "region"),
        registered_office=table.text("registered_office").strip(),
        tax_id=_optional(table, "tax_id"),
        tax_registration_code=_optional(table, "tax_registration_code"),
        registration_number=_optional(table, "registration_number"),
        email=_optional(table, "email"),
        taxes_top_ups=table.flag("taxes_top_ups", True),
        issues_certificates=table.flag("issues_certificates", False),
        timezone=table.timezone("UTC"),
        language=table.choice("language", dict(settings.LANGUAGES), settings.LANGUAGE_CODE),
        bank_name=_optional(table, "bank_name"),
        bank_account=_optional(table, "bank_account"),
        bank_code=_optional(table, "bank_code"),
        correspondent_account=_optional(table, "correspondent_account"),
        upi_id=_optional(table, "upi_id"),
        signatory_name=_optional(table, "signatory_name"),
        signatory_position=_optional(table, "signatory_position"),
        accountant_name=_optional(table, "accountant_name"),
        footer=_optional(table, "footer"),
    )
    table.done()
    _check(table, spec)
    return spec


def _optional(table: Table, name: str) -> str:
    return table.text(name, "-").removeprefix("-")


def _check(table: Table, spec: IssuerSpec) -> None:
    if spec.issues_certificates and not spec.taxes_top_ups:
        raise table.error("issues_certificates", "needs tax at top-up: certificates state money that was taxed then.")
    kept = asdict(spec)
    names = ("country", "region", "tax_id", "tax_registration_code", "bank_account", "bank_code")
    found = checked(Identifiers(**{name: kept[name] for name in names}))
    for name, words in {**found.warnings, **found.errors}.items():
        raise table.error(name, str(words))
    for name in names:
        if getattr(found, name) != kept[name]:
            raise table.error(name, f'must be written as it is kept, "{getattr(found, name)}".')
