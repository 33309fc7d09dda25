"""Strict parameters: a call takes what its shape names and nothing else, and each value must be of its type.

A `Shape` lists the parameters that the stand-in honours. One that Stripe knows and the stand-in does not is refused as
unknown, so that nothing is ever silently ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.stripe.errors import StripeError, invalid, missing_parameter, unknown_parameter

Check = Callable[[str, Any], Any]

METADATA_KEYS_MAX = 50
METADATA_KEY_LENGTH_MAX = 40
METADATA_VALUE_LENGTH_MAX = 500


def _no_text(name: str, raw: Any) -> StripeError:
    kind = "array" if isinstance(raw, list) else "hash"
    return invalid(f"Invalid string: {name} was given as a {kind}", param=name)


def text(name: str, raw: Any) -> str:
    """A text that is not empty."""
    if not isinstance(raw, str):
        raise _no_text(name, raw)
    if raw == "":
        message = (
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty "
            "value."
        )
        raise invalid(message, param=name, code="parameter_invalid_empty")
    return raw


def clearable(name: str, raw: Any) -> str | None:
    """A text; the empty one unsets."""
    return None if raw == "" else text(name, raw)


def integer(name: str, raw: Any) -> int:
    """A whole number, in digits."""
    if not isinstance(raw, str) or not re.fullmatch(r"-?[0-9]{1,18}", raw):
        raise invalid(f"Invalid integer: {raw}", param=name, code="parameter_invalid_integer")
    return int(raw)


def amount(name: str, raw: Any) -> int:
    """An amount in minor units, above zero and of at most eight digits."""
    value = integer(name, raw)
    if value < 1:
        message = "This value must be greater than or equal to 1."
        raise invalid(message, param=name, code="parameter_invalid_integer")
    if value > 99_999_999:
        raise invalid("Amount must be no more than $999,999.99", param=name, code="amount_too_large")
    return value


def boolean(name: str, raw: Any) -> bool:
    """True or false."""
    if raw not in ("true", "false"):
        raise invalid(f"Invalid boolean: {raw}", param=name)
    return bool(raw == "true")


def url(name: str, raw: Any) -> str:
    """An address with its scheme."""
    value = text(name, raw)
    if not re.fullmatch(r"https?://[^\s]+", value):
        raise invalid("Not a valid URL", param=name, code="url_invalid")
    return value


def currency(name: str, raw: Any) -> str:
    """Three letters, in lower case."""
    value = text(name, raw).lower()
    if not re.fullmatch(r"[a-z]{3}", value):
        raise invalid(f"Invalid currency: {raw}.", param=name)
    return value


def one_of(*values: str) -> Check:
    """One of these words."""

    def check(name: str, raw: Any) -> str:
        if raw not in values:
            allowed = " or ".join(filter(None, [", ".join(values[:-1]), values[-1]]))
            raise invalid(f"Invalid {name}: must be one of {allowed}", param=name)
        return str(raw)

    return check


def list_of(item: Check, *, most: int = 100) -> Check:
    """A list; the empty text is an empty list."""

    def check(name: str, raw: Any) -> list[Any]:
        values = [] if raw == "" else raw
        if not isinstance(values, list):
            raise invalid("Invalid array", param=name)
        if len(values) > most:
            raise invalid(f"Array {name} exceeded maximum {most} allowed elements.", param=name)
        return [item(f"{name}[{place}]", value) for place, value in enumerate(values)]

    return check


def metadata(name: str, raw: Any) -> dict[str, str] | None:
    """Texts by key: an empty value unsets its key, an empty text (None here) unsets all."""
    if raw == "":
        return None
    if isinstance(raw, list):  # keys that are numbers look like a list once decoded
        raw = {str(place): value for place, value in enumerate(raw)}
    if not isinstance(raw, dict):
        raise invalid("Invalid hash", param=name)
    if len(raw) > METADATA_KEYS_MAX:
        raise invalid(f"You can have at most {METADATA_KEYS_MAX} metadata keys.", param=name)
    for key, value in raw.items():
        if not isinstance(value, str):
            raise invalid("Metadata values must be strings", param=f"{name}[{key}]")
        if len(key) > METADATA_KEY_LENGTH_MAX:
            raise invalid(f"Metadata keys must be under {METADATA_KEY_LENGTH_MAX} characters", param=name)
        if len(value) > METADATA_VALUE_LENGTH_MAX:
            message = f"Metadata values must be under {METADATA_VALUE_LENGTH_MAX} characters"
            raise invalid(message, param=f"{name}[{key}]")
    return dict(raw)


def merged(old: Mapping[str, str], change: Mapping[str, str] | None) -> dict[str, str]:
    """Metadata after an update: keys are merged, empty values unset their key, None unsets all."""
    if change is None:
        return {}
    return {key: value for key, value in {**old, **change}.items() if value != ""}


class Shape:
    """The parameters of a call, or of a hash within one. Usable as a `Check` itself."""

    def __init__(self, required: tuple[str, ...] = (), /, **fields: Check) -> None:
        self.required = required
        self.fields = fields

    def __call__(self, name: str, raw: Any) -> dict[str, Any]:
        """Check a nested hash."""
        if raw == "":
            return {}
        if not isinstance(raw, dict):
            raise invalid("Invalid hash", param=name)
        return self.check(raw, f"{name}[{{}}]")

    def check(self, raw: Mapping[str, Any], naming: str = "{}") -> dict[str, Any]:
        """The values in their types. Refuses unknown names first, then missing ones, then wrong values."""
        for key in raw:
            if key not in self.fields:
                raise unknown_parameter(naming.format(key))
        for key in self.required:
            if key not in raw:
                raise missing_parameter(naming.format(key))
        return {key: self.fields[key](naming.format(key), value) for key, value in raw.items()}

    def __or__(self, other: Shape) -> Shape:
        return Shape(self.required + other.required, **self.fields, **other.fields)


timestamps = Shape(gt=integer, gte=integer, lt=integer, lte=integer)


def created(name: str, raw: Any) -> dict[str, int]:
    """A moment, or bounds of one, in seconds."""
    return timestamps(name, raw) if isinstance(raw, dict) else {"gte": integer(name, raw), "lte": integer(name, raw)}


def page_size(name: str, raw: Any) -> int:
    """From 1 to 100."""
    value = integer(name, raw)
    if not 1 <= value <= 100:
        raise invalid("Invalid limit: must be between 1 and 100", param=name, code="parameter_invalid_integer")
    return value


EXPAND = Shape(expand=list_of(text, most=20))
PAGING = Shape(limit=page_size, starting_after=text, ending_before=text)
RETRIEVE = Shape()
