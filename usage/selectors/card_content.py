"""A rate-card version as texts, field by field: what is compared, hashed, and written to spreadsheets.

One form for all three, so that whatever makes two versions differ is seen in the diff, and a version that goes out to
a spreadsheet and comes back is the same. Numbers are exact, without zeros that mean nothing; lists are separated by
commas, prices by volume are `bound: price` separated by semicolons.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from usage.models import FreeRule, Rate, RateCardVersion
from usage.rating.types import plain

SETTINGS = (
    "rounding_step",
    "rounding",
    "derives_outcome",
    "conversation_seconds",
    "conversation_turns",
    "default_tier",
    "aggregates_chat",
)
RATE_FIELDS = (
    "event_type",
    "component",
    "label",
    "model",
    "tier",
    "outcome",
    "channels",
    "method",
    "price",
    "per",
    "unit",
    "metric",
    "included",
    "cap_field",
    "first_increment",
    "increment",
    "units_per_increment",
    "minimum",
    "tiers",
    "position",
    "is_operators_to_set",
)
RULE_FIELDS = (
    "event_type",
    "code",
    "reason",
    "condition",
    "field",
    "values",
    "limit",
    "except_statuses",
    "position",
)

Texts = dict[str, str]


@dataclass(frozen=True, slots=True)
class CardContent:
    """Everything of a version that decides a price or what a customer reads; rates and rules in the card's order."""

    settings: Texts
    rates: tuple[Texts, ...]
    rules: tuple[Texts, ...]

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all of it: equal for versions that price alike to the last letter."""
        document = json.dumps([self.settings, self.rates, self.rules], sort_keys=True)
        return hashlib.sha256(document.encode()).hexdigest()


def content_of(version: RateCardVersion) -> CardContent:
    """The version's content: two statements."""
    return content_from(
        version,
        Rate.objects.filter(version=version).order_by("position", "id"),
        FreeRule.objects.filter(version=version).order_by("position", "id"),
    )


def content_from(version: RateCardVersion, rates: Iterable[Rate], rules: Iterable[FreeRule]) -> CardContent:
    """The same of rows that may not be saved yet."""
    return CardContent(
        settings=_texts(version, SETTINGS),
        rates=tuple(_texts(rate, RATE_FIELDS) for rate in rates),
        rules=tuple(_texts(rule, RULE_FIELDS) for rule in rules),
    )


def _texts(row: Any, fields: tuple[str, ...]) -> Texts:
    return {name: text_of(getattr(row, name)) for name in fields}


def text_of(value: Any) -> str:
    """One field as text; empty for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, list):
        return (
            "; ".join(f"{plain(Decimal(one['above']))}: {plain(Decimal(one['price']))}" for one in value)
            if value and isinstance(value[0], dict)
            else ", ".join(value)
        )
    return str(value)
