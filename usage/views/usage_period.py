"""The period of the usage page: its days, and the days it is compared with.

A calendar month, whether over or so far, is compared with the same days of the month before; any other period with as
many days just before it. No period reaches past today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.templatetags.moments import day_span, month_name
from billing.views.filters import Dates, Text, read_dates

DAYS_MAX = 3 * 366
DAYS_AT_FIRST = 30
ONE_DAY = timedelta(days=1)
RECENT: list[tuple[str, Text]] = [
    (str(DAYS_AT_FIRST), gettext_lazy("Last 30 days")),
    ("7", gettext_lazy("Last 7 days")),
    ("90", gettext_lazy("Last 90 days")),
]


@dataclass(frozen=True, slots=True)
class Period:
    """The days of a period and those before it, both ends included."""

    first: date
    last: date
    before_first: date
    before_last: date

    @property
    def words(self) -> str:
        """What is compared with what: "Feb 14 to Mar 15, 2026, compared with Jan 15 to Feb 13"."""
        if _is_month(self.first, self.last):
            spans = {"days": month_name(self.first), "before": month_name(self.before_first)}
        else:
            before = day_span(self.before_first, self.before_last, year=self.before_first.year != self.last.year)
            spans = {"days": day_span(self.first, self.last, year=True), "before": before}
        return capfirst(_("%(days)s, compared with %(before)s") % spans)


def read_period(params: QueryDict, today: date) -> tuple[Dates, Period | None]:
    """The chosen period of the account's days; None, with the errors in the dates, for one that cannot be shown."""
    dates = read_dates(params, today, recent=RECENT)
    if dates.errors:
        return dates, None
    last = min(dates.last or today, today)
    first = dates.first or last - timedelta(days=DAYS_AT_FIRST - 1)
    if dates.asks_days:
        dates.typed_from, dates.typed_to = f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"
    if first > last:  # a month or a day that was linked to has no field of its own
        dates.errors["from" if dates.asks_days else "when"] = _("In the future. Choose a day up to today.")
    elif (last - first).days >= DAYS_MAX:
        dates.errors["from"] = _("More than three years before the last day. Choose a later one.")
    if dates.errors:
        return dates, None
    is_month = first.day == 1 and (_is_month(first, last) or dates.choice.value == f"{first:%Y-%m}")
    return dates, _months(first, last) if is_month else _any_days(first, last)


def _any_days(first: date, last: date) -> Period:
    return Period(first, last, first - (last - first) - ONE_DAY, first - ONE_DAY)


def _months(first: date, last: date) -> Period:
    """A month so far has as many days of the month before beside it, a whole one all of them."""
    end_before = first - ONE_DAY
    before = end_before if _is_month(first, last) else end_before.replace(day=min(last.day, end_before.day))
    return Period(first, last, end_before.replace(day=1), before)


def _is_month(first: date, last: date) -> bool:
    """Whether the days are one calendar month, all of it."""
    return first.day == 1 and (last + ONE_DAY).day == 1 and (first.year, first.month) == (last.year, last.month)
