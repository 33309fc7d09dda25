"""The filters of lists: GET parameters read into choices, with an error beside the field where one is no good."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.templatetags.moments import day_year, month_name

Text = str | Promise
MONTHS_OFFERED = 12
CURSOR = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18}){0,7}")
DAY = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")
MONTH = re.compile(r"2[0-9]{3}-[0-9]{2}")
# What a list offers before the months: a number is so many days up to today, the first is what is chosen at first.
RECENT: list[tuple[str, Text]] = [
    ("", gettext_lazy("All dates")),
    ("today", gettext_lazy("Today")),
    ("7", gettext_lazy("Last 7 days")),
    ("30", gettext_lazy("Last 30 days")),
]


@dataclass(frozen=True, slots=True)
class Choice:
    """A select field: what is offered and what was chosen."""

    name: str
    label: Text
    options: list[tuple[str, Text]]
    value: str

    @property
    def is_set(self) -> bool:
        """Whether the choice narrows the list: the first option never does."""
        return self.value != self.options[0][0]

    @property
    def is_offered(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.options) > 1

    def among(self, found: Collection[str]) -> Choice:
        """The same without the options that would find nothing, or that alone would find all; what was chosen stays."""
        first, *others = self.options
        left = [each for each in others if each[0] in found or each[0] == self.value]
        return replace(self, options=[first, *left] if len(left) > 1 or self.is_set else [first])


@dataclass(slots=True)
class Dates:
    """The days a list covers, both ends included, None for open; `errors` by the field's name."""

    choice: Choice
    first: date | None = None
    last: date | None = None
    asks_days: bool = False
    typed_from: str = ""
    typed_to: str = ""
    errors: dict[str, str] = field(default_factory=dict)


def read_choice(params: QueryDict, name: str, label: Text, options: list[tuple[str, Text]]) -> Choice:
    """The option chosen for `name`; the first where none or an unknown one was."""
    value = params.get(name, "")
    known = {option for option, _label in options}
    return Choice(name, label, options, value if value in known else options[0][0])


def read_dates(params: QueryDict, today: date, *, recent: Sequence[tuple[str, Text]] = RECENT) -> Dates:
    """The chosen days: a named range, a month, one day, or any two days (`when=other&from=&to=`)."""
    months = _months_back(today)
    options = [*recent, *[(f"{month:%Y-%m}", month_name(month)) for month in months]]
    value = params.get("when", "")
    day = _day(value) if DAY.fullmatch(value) else None
    month = _day(f"{value}-01") if MONTH.fullmatch(value) else None
    known = {option for option, _label in options}
    if day is not None:
        options.append((value, day_year(day)))
    elif month is not None and value not in known:
        options.append((value, month_name(month)))
    options.append(("other", _("Other dates…")))
    dates = Dates(read_choice(params, "when", _("Dates"), options))
    if day is not None:
        dates.first = dates.last = day
    elif month is not None:
        dates.first, dates.last = month, _month_after(month) - timedelta(days=1)
    elif dates.choice.value == "today":
        dates.first = dates.last = today
    elif dates.choice.value.isdecimal():
        dates.first, dates.last = today - timedelta(days=int(dates.choice.value) - 1), today
    elif dates.choice.value == "other":
        _read_typed(params, dates)
    return dates


def _read_typed(params: QueryDict, dates: Dates) -> None:
    dates.asks_days = True
    dates.typed_from, dates.typed_to = params.get("from", ""), params.get("to", "")
    for name, typed in (("from", dates.typed_from), ("to", dates.typed_to)):
        if typed and _day(typed) is None:
            dates.errors[name] = _("Not a date. Write it as 2026-03-15.")
    if dates.errors:
        return
    dates.first, dates.last = _day(dates.typed_from), _day(dates.typed_to)
    if dates.first and dates.last and dates.first > dates.last:
        dates.errors["to"] = _("Before the first day. Choose a later one.")


def read_cursor(params: QueryDict, name: str) -> tuple[int, ...] | None:
    """The keys of a page's edge (`2082.991`), or None: a mangled one starts from the newest."""
    text = params.get(name, "")
    return tuple(int(key) for key in text.split(".")) if CURSOR.fullmatch(text) else None


def _day(text: str) -> date | None:
    if not DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _months_back(today: date) -> list[date]:
    months, month = [], today.replace(day=1)
    for _step in range(MONTHS_OFFERED):
        months.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return months


def _month_after(month: date) -> date:
    """The first of the next month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)
