"""The cities that time zones are known by, in a language.

Unicode tells some of them under a zone's older name only: Asia/Kolkata's under Asia/Calcutta.
"""

from __future__ import annotations

from functools import lru_cache

from babel import Locale
from babel.core import get_global


def present_name(zone: str) -> str:
    """The name that a zone has today."""
    return str(get_global("zone_aliases").get(zone, zone))


@lru_cache
def cities(locale_name: str) -> dict[str, str]:
    """The cities by their zones' present names, as far as the language has words for them."""
    found: dict[str, str] = {}
    for name, words in sorted(Locale.parse(locale_name).time_zones.items()):
        if words.get("city"):
            found.setdefault(present_name(name), words["city"])
    return found
