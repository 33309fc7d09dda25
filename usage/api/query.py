"""What stands behind the `?` of an address, checked: unknown names and odd values are refused, never ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from usage.api import fields
from usage.api.parsing import is_fit

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
WORDS_DATE = "Must be a day such as 2026-03-15."
WORDS_MOMENT = "Must be a day such as 2026-03-15, or an RFC 3339 time with an offset (a `+` is written %2B)."


def read_query(given: QueryDict, *names: str) -> dict[str, str]:
    """The parameters by name, each at most once; an empty one is the same as none. Raises ValidationError."""
    errors: dict[str, list[str]] = {}
    found = {}
    for name, values in given.lists():
        if name not in names:
            errors[name[:40] if is_fit(name) else "query"] = ["There is no such parameter."]
        elif len(values) > 1:
            errors[name] = ["Given more than once."]
        elif not is_fit(values[0]):
            errors[name] = ["Holds characters that no value can have."]
        elif values[0]:
            found[name] = values[0]
    if errors:
        raise ValidationError(errors)
    return found


def read_day(query: Mapping[str, str], name: str) -> date | None:
    """A day, or None where none was given. Raises ValidationError."""
    value = query.get(name)
    if value is None:
        return None
    found = _day(value)
    if found is None:
        raise ValidationError({name: [WORDS_DATE]})
    return found


def read_day_or_moment(query: Mapping[str, str], name: str) -> date | datetime | None:
    """A day or an aware moment, or None where none was given. Raises ValidationError."""
    value = query.get(name)
    if value is None:
        return None
    found = _day(value)
    if found is not None:
        return found
    try:
        return fields.moment(value)
    except fields.Invalid as error:
        raise ValidationError({name: [WORDS_MOMENT]}) from error


def _day(value: str) -> date | None:
    if not _DATE(value):
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if fields.YEAR_MIN <= day.year < fields.YEAR_MAX else None
