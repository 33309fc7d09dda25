"""Lists page by opaque cursor: signed, and bound to the list it came from (API.md, 'Conventions').

A cursor holds the key of the last row that was given, so a deep page costs what the first one does, and rows that come
in between neither repeat nor vanish.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.core import signing
from rest_framework.exceptions import ValidationError

LIMIT_DEFAULT = 100
LIMIT_MAX = 1000
SALT = "usage.api.cursor"


def read_limit(query: Mapping[str, str]) -> int:
    """How many rows the client wants: 1 to `LIMIT_MAX`. Raises ValidationError."""
    given = query.get("limit", str(LIMIT_DEFAULT))
    if given.isascii() and given.isdecimal() and len(given) <= 4 and 1 <= int(given) <= LIMIT_MAX:
        return int(given)
    raise ValidationError({"limit": [f"Must be a whole number from 1 to {LIMIT_MAX}."]})


def read_cursor(query: Mapping[str, str], list_name: str) -> list[Any] | None:
    """The position that the cursor holds, or None for the first page. Raises ValidationError for a foreign one."""
    given = query.get("cursor")
    if not given:
        return None
    try:
        bound_to, position = signing.loads(given, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise _foreign() from error
    if bound_to != _binding(query, list_name):
        raise _foreign()
    return list(position)


def page(
    query: Mapping[str, str], list_name: str, results: list[dict[str, Any]], *, position: list[Any] | None
) -> dict[str, Any]:
    """A page of the list; `position` is that of its last row where more rows follow, else None."""
    following = None
    if position is not None:
        following = signing.dumps([_binding(query, list_name), position], salt=SALT)
    return {"results": results, "next": following}


def _binding(query: Mapping[str, str], list_name: str) -> str:
    """What the cursor belongs to: the list and everything it is filtered by."""
    filters = {name: value for name, value in query.items() if name not in ("cursor", "limit")}
    return hashlib.sha256(json.dumps([list_name, filters], sort_keys=True).encode()).hexdigest()[:16]


def _foreign() -> ValidationError:
    return ValidationError({"cursor": ["Must be the `next` of a page of this very list."]})
