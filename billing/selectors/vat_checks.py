"""What is known of an organization's VAT number: its form and check digits, and what the register last answered."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F
from stdnum.eu import vat

from billing.models import VatCheck, VatCheckState
from billing.tax import VatStanding
from organizations.identifiers import EU
from organizations.models import Organization

ANSWERED = (VatCheckState.VALID, VatCheckState.INVALID)


def vat_standing(organization: Organization | None) -> VatStanding:
    """Whether the organization's number moves the tax to it, today.

    Form and check digits decide until the register has answered; its newest answer about this number counts while it
    is down, too.
    """
    number = vat_number_of(organization)
    if organization is None or not number:
        return VatStanding()
    answers = VatCheck.objects.filter(organization_id=organization.pk, number=number, state__in=ANSWERED)
    newest = answers.order_by("-id").values_list("state", flat=True).first()
    return VatStanding(number, newest != VatCheckState.INVALID)


def vat_number_of(organization: Organization | None) -> str:
    """The organization's VAT number where it is well-formed and of its own member state (Greece's begin with EL)."""
    if organization is None or organization.country not in EU:
        return ""
    prefix = "EL" if organization.country == "GR" else organization.country
    number = organization.tax_id
    return number if number.startswith(prefix) and vat.is_valid(number) else ""


def last_checks(organizations: Iterable[Organization]) -> dict[int, VatCheck]:
    """By organization: the newest check, answered or not, of the VAT number that it has now."""
    asked = [each.pk for each in organizations if vat_number_of(each)]
    if not asked:
        return {}
    checks = VatCheck.objects.filter(organization_id__in=asked, number=F("organization__tax_id"))
    return {
        each.organization_id: each for each in checks.order_by("organization_id", "-id").distinct("organization_id")
    }
