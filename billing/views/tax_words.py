"""The tax rule that holds for a buyer, in words: on the settings page, and beside what is about to be paid."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing.models import VatCheck, VatCheckState
from billing.selectors.tax_treatment import Due, TaxToday
from billing.tax import Place, Treatment
from billing.templatetags.moments import day_year, local
from billing.templatetags.money import number
from organizations.languages import text_locale


def treatment_words(today: TaxToday) -> str:
    """What tax a top-up gets now, and where that comes from."""
    if today.due == Due.NO_TOP_UPS:
        return _("Nothing is paid here, so no tax is added here.")
    if today.due == Due.ON_INVOICE:
        return _("Top-ups are not taxed. Tax, where it is due, stands on the invoice of the period.")
    rule = today.decision.treatment
    if rule == Treatment.UNKNOWN_PLACE:
        return _("No country is known yet, so no tax is added to top-ups. Give the country, so that it is right.")
    words = {"place": _place(today.place), "number": today.vat.number}
    if rule == Treatment.REVERSE_CHARGE:
        return _("%(place)s, reverse charge: no VAT is added, you account for it under %(number)s.") % words
    if rule == Treatment.EXPORT:
        return _("%(place)s: an export, so no tax is added to top-ups.") % words
    if not today.decision.rates:
        return _("%(place)s: no tax is added to top-ups.") % words
    words["taxes"] = ", ".join(f"{name} {number(percent, most=4)}%" for name, percent in today.decision.rates)
    if rule == Treatment.EU_CONSUMER:
        return _("%(place)s: every top-up is charged with %(taxes)s. With a valid VAT number it would be none.") % words
    return _("%(place)s: every top-up is charged with %(taxes)s.") % words


def check_words(check: VatCheck | None, zone: ZoneInfo) -> str:
    """What the Union's register said about the number; empty where there is none that it could be asked about."""
    if check is None:
        return ""
    words = {"number": check.number, "day": day_year(local(check.checked_at, zone).date())}
    if check.state == VatCheckState.VALID:
        return _("The EU register of VAT numbers (VIES) confirmed %(number)s on %(day)s.") % words
    if check.state == VatCheckState.INVALID:
        return _("The EU register of VAT numbers (VIES) did not know %(number)s on %(day)s, so VAT is added.") % words
    return _("The EU register of VAT numbers (VIES) has not answered yet. Until it does, %(number)s counts.") % words


def check_note(check: VatCheck | None, zone: ZoneInfo) -> str:
    """The same in a few words, to stand beside the number."""
    if check is None:
        return ""
    words = {"day": day_year(local(check.checked_at, zone).date())}
    if check.state == VatCheckState.VALID:
        return _("confirmed by VIES on %(day)s") % words
    if check.state == VatCheckState.INVALID:
        return _("not known to VIES on %(day)s") % words
    return _("VIES has not answered yet")


def treatment_note(treatment: str) -> str:
    """Why a price has no tax, to stand beside it; empty where it has, and where nothing needs saying."""
    if treatment == Treatment.REVERSE_CHARGE:
        return _("Reverse charge: no VAT is added, you account for it yourself.")
    if treatment == Treatment.EXPORT:
        return _("An export: no tax is added.")
    if treatment == Treatment.UNKNOWN_PLACE:
        return _("No country is known, so no tax is added.")
    return ""


def _place(place: Place) -> str:
    """United States, or NY, United States."""
    country = str(text_locale().territories.get(place.country, place.country))
    return f"{place.region}, {country}" if place.region else country
