"""The rule that a sale falls under, by where issuer and buyer are (FACTS.md, 'Identifiers and tax').

Calls are services supplied electronically: the buyer's place decides, and in the Union a valid VAT number moves the tax
to the buyer, whether the issuer is in another member state or outside. A tax is added only where a rate is given for
it: an issuer that is not registered in a place has none there. Northern Ireland's numbers (XI) are of goods only: for
services it is a part of GB, so outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from billing.tax.places import Place
from organizations.identifiers import EU


class Treatment(StrEnum):
    """Which rule it is. A document and a top-up keep it for ever."""

    DOMESTIC = "domestic"
    REVERSE_CHARGE = "reverse_charge"
    EU_CONSUMER = "eu_consumer"
    EXPORT = "export"
    US_STATE = "us_state"
    IN_IGST = "in_igst"
    IN_CGST_SGST = "in_cgst_sgst"
    RUSSIA = "russia"
    UNTAXED = "untaxed"
    """The place has a tax, and the issuer has no rate there."""
    UNKNOWN_PLACE = "unknown_place"


class Scheme(StrEnum):
    """What kind of tax a rate is of, where a country has several of which not all are due at once."""

    STANDARD = "standard"
    IGST = "igst"
    CGST = "cgst"
    SGST = "sgst"


SCHEMES = {
    Treatment.IN_IGST: {Scheme.IGST},
    Treatment.IN_CGST_SGST: {Scheme.CGST, Scheme.SGST},
}
STANDARD = {Scheme.STANDARD}
WITHOUT_TAX = {Treatment.REVERSE_CHARGE, Treatment.EXPORT, Treatment.UNKNOWN_PLACE}


@dataclass(frozen=True, slots=True)
class VatStanding:
    """A buyer's VAT number, and whether it counts: it is of the buyer's member state, well-formed and not refused."""

    number: str = ""
    is_valid: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate that is given for the buyer's place on the day."""

    name: str
    percent: Decimal
    scheme: str = Scheme.STANDARD


@dataclass(frozen=True, slots=True)
class Decision:
    """The rule and its rates: name and per cent, none where no tax is added."""

    treatment: Treatment
    rates: tuple[tuple[str, Decimal], ...] = ()


def decide(issuer: Place | None, buyer: Place, vat: VatStanding, rates: Iterable[Rate]) -> Decision:
    """The rule for a sale by `issuer` to `buyer`, and those of the `rates` at the buyer's place that it asks for.

    Without an issuer the rates of the buyer's place hold as they stand.
    """
    treatment = _treatment(issuer, buyer, vat)
    if treatment in WITHOUT_TAX:
        return Decision(treatment)
    schemes = SCHEMES.get(treatment, STANDARD)
    found = tuple((rate.name, rate.percent) for rate in rates if rate.scheme in schemes and rate.percent > 0)
    if found or treatment == Treatment.RUSSIA:
        return Decision(treatment, found)
    is_abroad = issuer is not None and issuer.country != buyer.country
    is_sold_abroad = is_abroad and treatment == Treatment.US_STATE
    return Decision(Treatment.EXPORT if is_sold_abroad else Treatment.UNTAXED)


def _treatment(issuer: Place | None, buyer: Place, vat: VatStanding) -> Treatment:
    if not buyer.country:
        return Treatment.UNKNOWN_PLACE
    if buyer.country == "US":  # a seller from abroad is registered in a state or not, as one from another state
        return Treatment.US_STATE
    if issuer is None:
        return Treatment.DOMESTIC
    if issuer.country == buyer.country:
        return _at_home(issuer, buyer)
    if buyer.country in EU:
        return Treatment.REVERSE_CHARGE if vat.is_valid else Treatment.EU_CONSUMER
    return Treatment.EXPORT


def _at_home(issuer: Place, buyer: Place) -> Treatment:
    if buyer.country == "RU":
        return Treatment.RUSSIA
    if buyer.country == "IN":  # without a state on record the supplier's own counts (IGST Act, section 12(2))
        is_one_state = not buyer.region or buyer.region == issuer.region
        return Treatment.IN_CGST_SGST if is_one_state else Treatment.IN_IGST
    return Treatment.DOMESTIC
