"""The tax details on the settings page, and the treatment that follows from them in words."""

from __future__ import annotations

from dataclasses import replace

from django.http import QueryDict
from django.utils.translation import gettext as _

from billing.selectors.tax_treatment import TaxToday, Treatment
from billing.templatetags.money import number
from organizations.languages import text_locale
from organizations.services.organizations import Details

TAX_FIELDS = ("country", "region", "tax_id")
TYPED_MAX = 1000


def read_tax(sent: QueryDict, details: Details) -> Details:
    """The details with what was sent of country, region and tax ID."""
    return replace(details, **{name: sent.get(name, "")[:TYPED_MAX] for name in TAX_FIELDS})


def treatment_words(today: TaxToday) -> str:
    """What tax a top-up gets now, and where that comes from."""
    if today.treatment == Treatment.NO_TOP_UPS:
        return _("Nothing is paid here, so no tax is added here.")
    if today.treatment == Treatment.LATER:
        return _("Top-ups are not taxed. Tax, where it is due, stands on the invoice of the period.")
    if today.treatment == Treatment.PLACE_UNKNOWN:
        return _("No country is known yet, so no tax is added to top-ups. Give the country, so that it is right.")
    words = {"place": _place(today)}
    if today.treatment == Treatment.UNTAXED:
        return _("%(place)s: no tax is added to top-ups.") % words
    words["taxes"] = ", ".join(f"{name} {number(percent, most=4)}%" for name, percent in today.rates)
    return _("%(place)s: every top-up is charged with %(taxes)s.") % words


def _place(today: TaxToday) -> str:
    """United States, or NY, United States."""
    country = str(text_locale().territories.get(today.country, today.country))
    return f"{today.region}, {country}" if today.region else country
