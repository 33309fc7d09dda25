"""Rates of tax, with the days they hold: what was charged keeps its own numbers."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.utils import timezone
from unfold.contrib.filters.admin import RangeDateFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.models import TaxRate
from billing.tax import Scheme
from organizations.admin.base import BackOfficeAdmin
from organizations.services.accounts import country_codes


class TaxRateForm(forms.ModelForm):
    """A rate; a new one from a later day takes its place, so that none is ever changed backwards."""

    class Meta:
        model = TaxRate
        fields = ("product", "country", "region", "name", "percent", "scheme", "valid_from", "valid_until")
        help_texts: ClassVar[dict[str, str]] = {
            "percent": "Of the price before tax, such as 8.875.",
            "valid_from": "The first day, by the account's calendar.",
        }

    def clean_country(self) -> str:
        """Two letters, in capitals."""
        country = str(self.cleaned_data["country"]).strip().upper()
        if country not in country_codes():
            raise forms.ValidationError(
                "There is no such country. Write the two letters of its ISO 3166 code, such as DE or US."
            )
        return country

    def clean_region(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["region"]).strip().upper()

    def clean(self) -> dict[str, Any]:
        """The last day does not come before the first, and India's rates say which of its taxes they are."""
        found: dict[str, Any] = super().clean() or {}
        first, last = found.get("valid_from"), found.get("valid_until")
        if first and last and last < first:
            self.add_error("valid_until", "This is before the first day. Choose a later one.")
        country, scheme = found.get("country"), found.get("scheme")
        if country and scheme and (country == "IN") == (scheme == Scheme.STANDARD):
            words = "In India a rate is IGST, CGST or SGST." if country == "IN" else "Only India has this one."
            self.add_error("scheme", words)
        return found


@admin.register(TaxRate)
class TaxRateAdmin(BackOfficeAdmin):
    """Rates of all countries."""

    form = TaxRateForm
    list_display = ("name", "country", "region", "percent", "scheme", "product", "valid_from", "valid_until", "state")
    list_filter = (("product", RelatedDropdownFilter), "country", ("valid_from", RangeDateFilter))
    list_select_related = ("product",)
    search_fields = ("name", "country", "region")
    autocomplete_fields = ("product",)
    date_hierarchy = "valid_from"
    fieldsets = (
        (None, {"fields": ("name", ("percent", "scheme"))}),
        ("Where", {"fields": ("product", ("country", "region"))}),
        ("When", {"fields": (("valid_from", "valid_until"),)}),
    )

    @display(description="state", label={"holds": "success", "to come": "info", "over": "warning"})
    def state(self, obj: TaxRate) -> str:
        """Whether it holds today."""
        today = timezone.now().date()
        if obj.valid_from > today:
            return "to come"
        return "over" if obj.valid_until is not None and obj.valid_until < today else "holds"
