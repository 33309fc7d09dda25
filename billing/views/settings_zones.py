"""The time zones as a form offers them, by place, in the reader's language; and as readers type them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from babel.dates import get_timezone_location

from organizations.languages import text_locale
from organizations.services.accounts import timezones

REGIONS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone: its name, the city and country it is known by, and how far it is from UTC now."""

    name: str
    place: str
    offset: str


def zones(now: datetime) -> list[Zone]:
    """One zone for each place, by name; names that only repeat another one are left out, though they can be typed."""
    return [Zone(name, place, offset(now, name)) for name, place in _places(str(text_locale()))]


def offset(now: datetime, name: str) -> str:
    """UTC+05:30."""
    text = now.astimezone(ZoneInfo(name)).strftime("%z")
    return f"UTC{text[:3]}:{text[3:]}"


def typed_zone(text: str) -> str:
    """The zone that somebody means: its name in any case, or a city that only one zone is called by; else the text."""
    wanted = "_".join(text.split()).casefold()
    names = [name for name in timezones() if name.casefold() == wanted]
    cities = [name for name, _place in _places("en") if name.rpartition("/")[2].casefold() == wanted]
    found = names or cities
    return found[0] if len(found) == 1 else text.strip()


@lru_cache
def _places(locale_name: str) -> list[tuple[str, str]]:
    locale = Locale.parse(locale_name)
    countries, aliases = get_global("zone_territories"), get_global("zone_aliases")
    known: dict[str, tuple[str, str]] = {"UTC": ("UTC", "UTC")}
    for name in sorted(timezones()):
        if name.partition("/")[0] not in REGIONS:
            continue
        own = aliases.get(name, name)
        city = get_timezone_location(name, locale=locale, return_city=True)
        country = locale.territories.get(countries.get(own, ""), "")
        english = get_timezone_location(name, locale="en", return_city=True)
        # Asia/Calcutta and Asia/Kolkata are one place: the name that says it as people do now stays.
        if own not in known or name.rpartition("/")[2].replace("_", " ") == english:
            known[own] = (name, f"{city}, {country}" if country else city)
    return sorted(known.values())
