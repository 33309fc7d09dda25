"""The time zones as a form offers them, by place, in the reader's language; and as readers type them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global

from organizations.languages import text_locale
from organizations.places import cities, present_name
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
    wanted = _plain(text)
    names = {name for name in timezones() if _plain(name) == wanted}
    cities = {name for name, _place in _places("en") if _plain(name.rpartition("/")[2]) == wanted}
    cities |= {name for name, place in _places(str(text_locale())) if _plain(place.partition(",")[0]) == wanted}
    found = names or cities
    return found.pop() if len(found) == 1 else text.strip()


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()


@lru_cache
def _places(locale_name: str) -> list[tuple[str, str]]:
    """Names and places; without those that the language has no word for."""
    locale, countries, words = Locale.parse(locale_name), get_global("zone_territories"), cities(locale_name)
    places: dict[str, list[str]] = {}
    for zone in {present_name(name) for name in timezones()}:
        city = words.get(zone) or (zone.rpartition("/")[2].replace("_", " ") if locale.language == "en" else "")
        if city and zone.partition("/")[0] in REGIONS:
            places[zone] = [city, locale.territories.get(countries.get(zone, ""), "")]
    return sorted([("UTC", "UTC"), *((zone, ", ".join(filter(None, each))) for zone, each in places.items())])
