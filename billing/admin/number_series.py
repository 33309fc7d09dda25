"""Series of numbers: a prefix per issuer, kind and year, and the proof that no number is missing (invariant 17)."""

from __future__ import annotations

import re
from typing import ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from billing.models import Document, NumberSeries
from organizations.admin.base import BackOfficeAdmin
from organizations.admin.panels import Column, Panel, badge, list_url
from organizations.database import run

PREFIX = re.compile(r"[^\W_]+(-[^\W_]+)*")
GAPS_SHOWN = 20
# Each run of missing numbers: from the one after a number that is there to the one before the next.
GAPS = """
SELECT found.number + 1, found.next - 1 FROM (
  SELECT number, lead(number, 1, %s::bigint + 1) OVER (ORDER BY number) AS next FROM (
    SELECT 0 AS number UNION ALL
    SELECT number FROM billing_document WHERE issuer_id = %s AND kind = %s AND year = %s) AS numbers) AS found
 WHERE found.next > found.number + 1 LIMIT %s
"""


class SeriesForm(forms.ModelForm):
    """A series; its prefix may be chosen as long as no document has it."""

    class Meta:
        model = NumberSeries
        fields = ("issuer", "kind", "year", "prefix")
        help_texts: ClassVar[dict[str, str]] = {
            "prefix": "RCP in RCP-2026-0001: letters and digits. Later years begin with it, too.",
            "year": "By the issuer's timezone.",
        }

    def clean_prefix(self) -> str:
        """Letters and digits, with hyphens between them at most."""
        prefix = str(self.cleaned_data["prefix"]).strip()
        if not PREFIX.fullmatch(prefix):
            raise forms.ValidationError("Write letters and digits, such as RCP.")
        return prefix


@admin.register(NumberSeries)
class NumberSeriesAdmin(BackOfficeAdmin):
    """Series of all issuers. One begins by itself with its first document; staff may begin it with another prefix."""

    form = SeriesForm
    list_display = ("issuer", "kind", "year", "prefix", "last_number")
    list_filter = (("issuer", RelatedDropdownFilter), ("kind", ChoicesDropdownFilter), "year")
    list_select_related = ("issuer",)
    search_fields = ("prefix", "issuer__name")
    autocomplete_fields = ("issuer",)
    fieldsets = ((None, {"fields": (("issuer", "kind", "year"), "prefix")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: NumberSeries | None = None) -> tuple[str, ...]:
        """What a series is stays; its prefix does from the first number on."""
        if obj is None:
            return ()
        return ("issuer", "kind", "year", "prefix") if obj.last_number else ("issuer", "kind", "year")

    def panels(self, request: HttpRequest, obj: NumberSeries) -> list[Panel]:
        """Its numbers, and those that are missing."""
        return [_numbers(obj)]


def _numbers(series: NumberSeries) -> Panel:
    asked = [series.last_number, series.issuer_id, series.kind, series.year, GAPS_SHOWN]
    (gaps,) = run((GAPS, asked))
    missing = ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in gaps)
    rows = [
        ("Last number", series.last_number),
        ("Next number", f"{series.prefix}-{series.year}-{series.last_number + 1:04d}"),
        ("Missing", badge(missing, "bad") if missing else badge("none", "good")),
    ]
    found = {"issuer__id__exact": series.issuer_id, "kind__exact": series.kind, "year": series.year}
    return Panel("Numbers", (Column(""), Column("", True)), rows, more_url=list_url(Document, **found))
