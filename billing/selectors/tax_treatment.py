"""Which tax a top-up gets today, when it is due, and what is known of the buyer's VAT number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from billing.models import TopUpTerms, VatCheck
from billing.selectors.taxation import buyer_place, issuer_of, taxation_by
from billing.selectors.vat_checks import last_checks, vat_standing
from billing.tax import Decision, Place, VatStanding
from organizations.models import Account, Organization


class Due(StrEnum):
    """When tax is due."""

    AT_TOP_UP = "at_top_up"
    ON_INVOICE = "on_invoice"
    NO_TOP_UPS = "no_top_ups"


@dataclass(frozen=True, slots=True)
class TaxToday:
    """The rule with its rates, the place that decides it, and the buyer's VAT number with its newest check."""

    due: Due
    decision: Decision
    place: Place
    vat: VatStanding
    check: VatCheck | None


def tax_today(*, terms: TopUpTerms | None, account: Account, organization: Organization | None, on: date) -> TaxToday:
    """What a top-up of the organization, or of the account alone, is taxed with on that day. Five queries at most."""
    issuer = issuer_of(account)
    due = Due.AT_TOP_UP if issuer is None or issuer.taxes_top_ups else Due.ON_INVOICE
    return TaxToday(
        Due.NO_TOP_UPS if terms is None else due,
        taxation_by(issuer, account=account, organization=organization, on=on),
        buyer_place(account, organization),
        vat_standing(organization),
        last_checks([organization]).get(organization.pk) if organization is not None else None,
    )
