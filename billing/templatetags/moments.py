"""Days, times and lengths as people read them, in the reader's locale and the account's timezone."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_interval, format_skeleton, get_timezone_location
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.templatetags.money import number
from organizations.languages import text_locale
from organizations.places import cities, present_name

register = template.Library()

DASH = "\N{EN DASH}"
RUSSIAN_YEAR = "\N{NARROW NO-BREAK SPACE}г."  # "2026 г.": its full stop would stand before a sentence's own


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment on the account's clock."""
    return moment.astimezone(zone)


def day_short(day: date) -> str:
    """Mar 15."""
    return str(format_skeleton("MMMd", datetime(day.year, day.month, day.day), locale=text_locale()))


def day_year(day: date) -> str:
    """Mar 15, 2026."""
    return str(format_date(day, "medium", locale=text_locale())).removesuffix(RUSSIAN_YEAR)


def day_long(day: date) -> str:
    """March 15."""
    return str(format_skeleton("MMMMd", datetime(day.year, day.month, day.day), locale=text_locale()))


def day_full(day: date) -> str:
    """Sunday, March 15, 2026."""
    return str(format_date(day, "full", locale=text_locale())).removesuffix(RUSSIAN_YEAR)


def day_named(day: date) -> str:
    """Sunday, March 15."""
    return f"{format_date(day, 'EEEE', locale=text_locale())}, {day_long(day)}"


def day_brief(day: date) -> str:
    """Sun, Mar 15."""
    return str(format_skeleton("MMMEd", datetime(day.year, day.month, day.day), locale=text_locale()))


def month_name(day: date) -> str:
    """March 2026."""
    return str(format_date(day, "LLLL y", locale=text_locale()))


def month_word(day: date) -> str:
    """March."""
    return str(format_date(day, "LLLL", locale=text_locale()))


def month_short(day: date) -> str:
    """Mar 2026."""
    return str(format_skeleton("yMMM", datetime(day.year, day.month, day.day), locale=text_locale()))


def day_span(first: date, last: date, *, year: bool = False) -> str:
    """February 14 to March 15 in short, or with the year; one day is said once. Two years are always named."""
    skeleton = "yMMMd" if year or first.year != last.year else "MMMd"
    return str(format_interval(first, last, skeleton, locale=text_locale())).removesuffix(RUSSIAN_YEAR)


def place(zone: ZoneInfo) -> str:
    """The place a timezone is named for: New York."""
    if zone.key in ("UTC", "Etc/UTC"):
        return "UTC"
    locale = text_locale()
    city = cities(str(locale)).get(present_name(zone.key))
    return city or str(get_timezone_location(zone, locale=locale, return_city=True))


def clock(moment: datetime, *, seconds: bool = False) -> str:
    """14:02, or 14:02:07."""
    return moment.strftime("%H:%M:%S" if seconds else "%H:%M")


def in_place(zone: ZoneInfo) -> str:
    """The words that name a page's timezone once: "in New York"."""
    if zone.key in ("UTC", "Etc/UTC"):
        return _("in UTC")
    return _("in %(place)s") % {"place": place(zone)}


@register.simple_tag(takes_context=True)
def moment(context: dict[str, Any], value: datetime, form: str = "short") -> SafeString:
    """A `<time>` on the account's clock: short (Mar 15, 14:02), clock, seconds, full, or auto.

    The year is named where it is not this one; `auto` leaves today's date out.
    """
    here = local(value, context["zone"])
    today = context["today"]
    if form == "clock" or (form == "auto" and here.date() == today):
        text = clock(here)
    elif form == "seconds":
        text = clock(here, seconds=True)
    elif form == "full":
        text = f"{day_full(here.date())}, {clock(here)}"
    else:
        day = day_short(here.date()) if here.year == today.year else day_year(here.date())
        text = f"{day}, {clock(here)}"
    return format_html('<time datetime="{}">{}</time>', here.isoformat(timespec="seconds"), text)


@register.filter(name="clock")
def clock_filter(value: datetime) -> str:
    """14:02, of a time that is on the account's clock already."""
    return clock(value)


@register.filter(name="in_place")
def in_place_filter(zone: ZoneInfo) -> str:
    """The words that name a page's timezone: in New York."""
    return in_place(zone)


@register.filter(name="day_short")
def day_short_filter(value: date) -> str:
    """Mar 15."""
    return day_short(value)


@register.filter(name="day_full")
def day_full_filter(value: date) -> str:
    """Sunday, March 15, 2026."""
    return day_full(value)


@register.filter(name="day_named")
def day_named_filter(value: date) -> str:
    """Sunday, March 15."""
    return day_named(value)


@register.filter(name="day_brief")
def day_brief_filter(value: date) -> str:
    """Sun, Mar 15."""
    return day_brief(value)


@register.filter(name="day_year")
def day_year_filter(value: date) -> str:
    """Mar 15, 2026."""
    return day_year(value)


@register.filter
def local_day(value: datetime, zone: ZoneInfo) -> str:
    """The day of a moment on the account's clock: Mar 15, 2026."""
    return day_year(local(value, zone).date())


@register.filter
def duration(seconds: Decimal | int) -> str:
    """A call's length: 2:14, or 1:02:14. Begun seconds are left out."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"
    return f"{rest // 60}:{rest % 60:02}"


@register.filter
def length_words(seconds: Decimal | int) -> str:
    """A length in words: 2 min 34 s."""
    value = Decimal(seconds)
    whole = int(value)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    if minutes:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": left}
    return _("%(seconds)s s") % {"seconds": number(value, most=1)}


@register.filter
def days_words(days: int) -> str:
    """36 days."""
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": number(days)}
