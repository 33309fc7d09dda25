"""Exchange rates for providers that take another currency than the price's; a top-up freezes the one of its day."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.widgets import UnfoldAdminSelectWidget

from billing.models import ExchangeRate
from organizations.admin.base import BackOfficeAdmin

MONEY = [(code, code) for code in settings.CURRENCIES if code != "CREDIT"]


class ExchangeRateForm(forms.ModelForm):
    """A rate from a day on."""

    base = forms.ChoiceField(
        choices=MONEY, widget=UnfoldAdminSelectWidget, help_text="One unit of this costs so much of the other."
    )
    quote = forms.ChoiceField(choices=MONEY, widget=UnfoldAdminSelectWidget, help_text="What the provider takes.")

    class Meta:
        model = ExchangeRate
        fields = ("base", "quote", "rate", "valid_from")
        help_texts: ClassVar[dict[str, str]] = {
            "rate": "Units of the second currency for one of the first, such as 92.5.",
            "valid_from": "It holds until a newer one does.",
        }

    def clean(self) -> dict[str, Any]:
        """Two currencies."""
        found: dict[str, Any] = super().clean() or {}
        if found.get("base") and found.get("base") == found.get("quote"):
            self.add_error("quote", "This is the same currency. Choose another one.")
        return found


@admin.register(ExchangeRate)
class ExchangeRateAdmin(BackOfficeAdmin):
    """Rates of all pairs, the newest first."""

    form = ExchangeRateForm
    asks_recent_sign_in = True  # prices follow it
    list_display = ("__str__", "base", "quote", "rate", "valid_from")
    list_filter = ("base", "quote", ("valid_from", RangeDateFilter))
    search_fields = ("base", "quote")
    date_hierarchy = "valid_from"
    fields = (("base", "quote"), ("rate", "valid_from"))
