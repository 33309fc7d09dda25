"""Rates of tax: those of a product's file, and those of `config/taxes.toml`, which hold for every product."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from django.conf import settings

from billing.tax import Scheme
from organizations.services.accounts import country_codes
from usage.services.products.tables import ProductFileError, Table

FILE = Path(settings.BASE_DIR) / "config" / "taxes.toml"


@dataclass(frozen=True, slots=True)
class TaxSpec:
    """A tax from a day on."""

    country: str
    region: str
    name: str
    scheme: str
    percent: Decimal
    valid_from: date


def read_tax(row: Table) -> TaxSpec:
    """One rate. Raises ProductFileError."""
    return TaxSpec(
        country=row.choice("country", sorted(country_codes())),
        region=row.text("region", "-").removeprefix("-"),
        name=row.text("name"),
        scheme=row.choice("scheme", [each.value for each in Scheme], Scheme.STANDARD.value),
        percent=row.number("percent"),
        valid_from=row.moment("valid_from").date(),
    )


def read_taxes(path: Path = FILE) -> tuple[TaxSpec, ...]:
    """The general rates. Raises ProductFileError, whose text is fit for an operator."""
    try:
        root = Table(path.name, tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProductFileError(path.name, "", f"cannot be read: {error}.") from None
    found = []
    for row in root.tables("rates"):
        found.append(read_tax(row))
        row.done()
    root.done()
    return tuple(found)
