"""What the bars of a spending chart stand for: days, weeks from Monday on, or months, whichever a period has few of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.templatetags.moments import day_brief, day_named, day_short, day_span, month_name, month_short
from billing.views.shell import Frame
from usage.selectors.pages.spending import DaySpending, total_of

DAYS_MAX, DAYS_BY_WEEK_MAX = 92, 366
# The chart's name, the head of its table's first column, and what the unfinished bar is.
STEP_WORDS = {
    "day": (gettext_lazy("Spending by day"), gettext_lazy("Day"), gettext_lazy("Today so far")),
    "week": (gettext_lazy("Spending by week"), gettext_lazy("Week"), gettext_lazy("This week so far")),
    "month": (gettext_lazy("Spending by month"), gettext_lazy("Month"), gettext_lazy("This month so far")),
}
Link = Callable[[date, date], str]


@dataclass(frozen=True, slots=True)
class Slot:
    """One bar: what was spent, what its days are called, and where they are looked at closer."""

    spending: DaySpending
    name: str
    short: str
    brief: str
    href: str
    is_running: bool
    """Whether today is in it, so that it may still grow."""


def step_of(first: date, last: date) -> str:
    """`day`, `week` or `month`: what a bar stands for in a chart of these days."""
    days = (last - first).days + 1
    if days <= DAYS_MAX:
        return "day"
    return "week" if days <= DAYS_BY_WEEK_MAX else "month"


def chart_slots(
    frame: Frame, days: Mapping[date, DaySpending], *, first: date, last: date, link: Link | None = None
) -> list[Slot]:
    """The slots from `first` to `last`, those without usage included.

    A day leads to its history, a longer slot to where `link` says its days are shown.
    """
    step = step_of(first, last)
    slots, start = [], first
    while start <= last:
        end = min(_end_of(start, step), last)
        known = [days[day] for day in _days(start, end) if day in days]
        spending = total_of(known, since=start)
        href = link(start, end) if link and step != "day" else frame.link("history", when=f"{start:%Y-%m-%d}")
        slots.append(Slot(spending, *_names(start, end, step), href, start <= frame.today <= end))
        start = end + timedelta(days=1)
    return slots


def _end_of(start: date, step: str) -> date:
    if step == "week":
        return start + timedelta(days=6 - start.weekday())
    if step == "month":
        return (start.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return start


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def _names(start: date, end: date, step: str) -> tuple[str, str, str]:
    """What a reader of the chart hears, what stands at the bar, and what stands in the table."""
    if step == "day":
        return day_named(start), day_short(start), day_brief(start)
    if step == "week":
        return _("Week of %(days)s") % {"days": day_span(start, end)}, day_short(start), day_span(start, end)
    return month_name(start), month_short(start), month_name(start)
