"""The tax on what an account buys: the rule by issuer and buyer, and the rates that hold on a day.

A product without an issuer is taxed by the rates of the buyer's place alone. Tax is due at the top-up or on the
period's invoice, as the issuer says; the rule is the same.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db.models import Q

from billing.documents.content import Tax
from billing.models import Issuer, TaxRate
from billing.selectors.vat_checks import vat_standing
from billing.tax import Decision, Place, Rate, decide, place_of, tax_on
from organizations.models import Account, Organization


def taxation_of(*, account: Account, organization: Organization | None, on: date) -> Decision:
    """The rule and the rates for a sale on that day to the organization, or to the account alone."""
    return taxation_by(issuer_of(account), account=account, organization=organization, on=on)


def taxation_at_top_up(
    issuer: Issuer | None, *, account: Account, organization: Organization | None, on: date
) -> Decision | None:
    """The same for a top-up; None where tax is due later, on the period's invoice."""
    if issuer is not None and not issuer.taxes_top_ups:
        return None
    return taxation_by(issuer, account=account, organization=organization, on=on)


def tax_lines(decision: Decision, net: Decimal) -> tuple[Tax, ...]:
    """What each rate comes to on `net`, rounded once, half up to the cent."""
    return tuple(Tax(name, percent, net, tax_on(net, percent)) for name, percent in decision.rates)


def buyer_place(account: Account, organization: Organization | None) -> Place:
    """Where the buyer is: the organization's country and region, else the account's country; empty for unknown."""
    if organization is not None and organization.country:
        return place_of(organization.country, organization.region, organization.tax_id)
    return Place(account.country)


def issuer_of(account: Account) -> Issuer | None:
    """In whose name the account's product is sold."""
    return Issuer.objects.filter(products__product_id=account.product_id).first()


def taxation_by(issuer: Issuer | None, *, account: Account, organization: Organization | None, on: date) -> Decision:
    """The same by an issuer that is at hand."""
    buyer = buyer_place(account, organization)
    own = place_of(issuer.country, issuer.region, issuer.tax_id) if issuer is not None else None
    return decide(own, buyer, vat_standing(organization), _rates(account.product_id, buyer, on))


def _rates(product_id: int, place: Place, on: date) -> list[Rate]:
    """The rates given for the place on that day, by region and name.

    The product's own rate takes the place of the general one of the same name and region, and of two that overlap
    the newer one counts, so that a rate that begins needs no end of the one before it.
    """
    if not place.country:
        return []
    rows = TaxRate.objects.filter(
        Q(product__isnull=True) | Q(product_id=product_id),
        Q(valid_until__isnull=True) | Q(valid_until__gte=on),
        country=place.country,
        region__in={"", place.region},
        valid_from__lte=on,
    )
    chosen: dict[tuple[str, str], TaxRate] = {}
    for row in sorted(rows, key=lambda each: (each.product_id is not None, each.valid_from)):
        chosen[row.region, row.name] = row
    return [Rate(row.name, row.percent, row.scheme) for _, row in sorted(chosen.items())]
