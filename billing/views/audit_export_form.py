"""The days of an export: calendar periods to choose from, which fill in the two fields that are sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from billing.templatetags.moments import month_name

ONE_DAY = timedelta(days=1)
MONTHS_IN_QUARTER = 3


@dataclass(frozen=True, slots=True)
class Preset:
    """A calendar period, up to today at most."""

    label: str
    first: date
    last: date


@dataclass(slots=True)
class ExportForm:
    """What was typed, the days that it means, and an error beside the field where it means none."""

    typed_from: str
    typed_to: str
    first: date | None = None
    last: date | None = None
    errors: dict[str, str] = field(default_factory=dict)


def presets(today: date) -> list[Preset]:
    """This month and the one before, the quarter and the year before this one, and this year."""
    month = today.replace(day=1)
    month_before = (month - ONE_DAY).replace(day=1)
    quarter = today.replace(month=(today.month - 1) // MONTHS_IN_QUARTER * MONTHS_IN_QUARTER + 1, day=1)
    quarter_before = _months_earlier(quarter, MONTHS_IN_QUARTER)
    year = today.replace(month=1, day=1)
    year_before = year.replace(year=year.year - 1)
    number = (quarter_before.month - 1) // MONTHS_IN_QUARTER + 1
    return [
        Preset(capfirst(month_name(month_before)), month_before, month - ONE_DAY),
        Preset(capfirst(month_name(month)), month, today),
        Preset(
            _("Q%(number)s %(year)s") % {"number": number, "year": quarter_before.year},
            quarter_before,
            quarter - ONE_DAY,
        ),
        Preset(str(year.year), year, today),
        Preset(str(year_before.year), year_before, year - ONE_DAY),
    ]


def read_form(params: QueryDict, today: date) -> ExportForm:
    """The days that were sent, or linked to; the month before, where none were."""
    before = presets(today)[0]
    form = ExportForm(params.get("from", f"{before.first}").strip(), params.get("to", f"{before.last}").strip())
    form.first, form.last = _day(form, "from", form.typed_from), _day(form, "to", form.typed_to)
    return form


def _day(form: ExportForm, name: str, typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        form.errors[name] = _("Not a date. Write it as 2026-03-15.")
        return None


def _months_earlier(month: date, count: int) -> date:
    for _step in range(count):
        month = (month - ONE_DAY).replace(day=1)
    return month
