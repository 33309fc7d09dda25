"""Which taxes a top-up gets today, and why (aitelier.md, 'Taxes and invoicing')."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing.models import TopUpTerms
from billing.selectors.prices import tax_place, tax_rates
from organizations.models import Account, Organization


class Treatment(StrEnum):
    """What becomes of tax when somebody tops up."""

    TAXED = "taxed"
    UNTAXED = "untaxed"  # none of the rates is for this place
    PLACE_UNKNOWN = "place_unknown"
    LATER = "later"  # tax stands on the invoice of the period
    NO_TOP_UPS = "no_top_ups"


@dataclass(frozen=True, slots=True)
class TaxToday:
    """The treatment, the place that decides it, and the rates: name and per cent."""

    treatment: Treatment
    country: str
    region: str
    rates: tuple[tuple[str, Decimal], ...] = ()


def tax_today(*, terms: TopUpTerms | None, account: Account, organization: Organization | None, on: date) -> TaxToday:
    """What a top-up for this organization, or for the account alone, is taxed with on that day. One query at most."""
    country, region = tax_place(account, organization)
    if terms is None:
        return TaxToday(Treatment.NO_TOP_UPS, country, region)
    if not terms.taxes_top_ups:
        return TaxToday(Treatment.LATER, country, region)
    if not country:
        return TaxToday(Treatment.PLACE_UNKNOWN, country, region)
    rates = tax_rates(terms=terms, account=account, organization=organization, on=on)
    found = tuple((rate.name, rate.percent) for rate in rates)
    return TaxToday(Treatment.TAXED if found else Treatment.UNTAXED, country, region, found)
