"""The fields of the calculator: only what the account's card tells apart or charges for, and what was typed in them.

A field stands for one name of an event's data (API.md, 'Usage events'). Lengths are typed in minutes or hours, or as
on a clock (2:30, which is of minutes or of hours as the field is); the event gets seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.templatetags.money import SYMBOLS, number
from billing.views.amounts import field_amount, field_quantity, typed_quantity
from usage.rating.free import STATUS
from usage.rating.match import Plan, Prices
from usage.rating.metrics import FLAGS
from usage.rating.types import COST, UNIT, ZERO, CardVersion, Rate
from usage.views.prices_words import SECONDS_IN, measured_in, tier_words
from usage.views.words import CHANNELS, OUTCOMES, STATUSES, Text, word

COST_PREFIX = "cost_"
CLOCK = re.compile(r"([0-9]{1,6}):([0-5]?[0-9])(?::([0-5][0-9]))?")
LARGEST = Decimal(10) ** 9
LARGEST_TIME = Decimal(10) ** 6
METRIC_WORDS: dict[str, Text] = {
    "duration_seconds": gettext_lazy("Length of the call"),
    "duration_cap_seconds": gettext_lazy("Length cap of the scenario"),
    "pages": gettext_lazy("Pages"),
    "user_turns": gettext_lazy("Turns of the caller"),
}
UNIT_WORDS: dict[str, Text] = {
    "hour": gettext_lazy("h"),
    "minute": gettext_lazy("min"),
    "page": gettext_lazy("pages"),
    "token": gettext_lazy("tokens"),
}


@dataclass(frozen=True, slots=True)
class SelectField:
    """One of a few: the model, the tier, how a call ended. Its value decides which quantities are asked for."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    value: str


@dataclass(slots=True)
class FlagField:
    """Yes or no."""

    is_flag: ClassVar[bool] = True
    name: str
    label: str
    is_on: bool = False


@dataclass(slots=True)
class QuantityField:
    """A number: how much was used, or what a provider bills. `unit` is what it is typed in."""

    is_flag: ClassVar[bool] = False
    name: str
    label: str
    unit: str
    seconds_in: Decimal | None = None
    """Of a length: how many seconds one typed unit has."""
    symbol: str = ""
    has_example: bool = True
    """Whether the example is meant for it: not where a model is chosen and this is priced for calls without one."""
    value: str = ""
    error: str = ""

    def shown(self, fact: object) -> str:
        """What stands in the field for a number of an event's data."""
        quantity = Decimal(str(fact))
        if self.symbol:
            return field_amount(quantity, "")
        return field_quantity(quantity / self.seconds_in if self.seconds_in else quantity)

    def read(self, text: str) -> Decimal | None:
        """The number for the event's data, None for an empty field. Raises ValidationError."""
        if not text.strip():
            return None
        clock = CLOCK.fullmatch(text.strip()) if self.seconds_in else None
        if clock is not None:
            parts = [Decimal(part) for part in clock.groups() if part is not None]
            if len(parts) == 2 and self.seconds_in == SECONDS_IN["hour"]:
                parts.append(ZERO)
            quantity = sum((part * 60**place for place, part in enumerate(reversed(parts))), ZERO)
            largest = LARGEST_TIME * 60
        else:
            quantity = typed_quantity(text, field=self.name) * (self.seconds_in or 1)
            largest = LARGEST_TIME * self.seconds_in if self.seconds_in else LARGEST
        if quantity >= largest:
            words = _("Enter less than %(largest)s.") % {"largest": number(largest / (self.seconds_in or 1))}
            raise ValidationError({self.name: words})
        return quantity


Field = QuantityField | FlagField


def select_fields(version: CardVersion, prices: Prices, given: Mapping[str, Any]) -> list[SelectField]:
    """What the card tells apart, each with the value given, or its usual one."""
    found = []
    for name, label, options, usual in _selectors(version, prices):
        value = str(given.get(name) or usual)
        known = {option for option, _label in options}
        found.append(SelectField(name, label, tuple(options), value if value in known else usual))
    return found


def _selectors(version: CardVersion, prices: Prices) -> Iterator[tuple[str, str, list[tuple[str, str]], str]]:
    """Name, label, options and usual value of each choice that changes a price."""
    models = list(dict.fromkeys(rate.model for rate in prices.rates if rate.model))
    if models:
        yield "model", _("Model"), [("", _("No model named")), *((each, each) for each in models)], ""
    tiers = list(dict.fromkeys(rate.tier for rate in prices.rates if rate.tier))
    if tiers:
        yield "tier", _("Tier"), [(each, tier_words(each)) for each in tiers], prices.default_tier or tiers[0]
    outcomes = list(dict.fromkeys(rate.outcome for rate in prices.rates if rate.outcome))
    if outcomes:
        yield "outcome", _("Outcome"), [(each, word(OUTCOMES, each)) for each in outcomes], outcomes[0]
    if prices.channels:
        yield "channel", _("Channel"), [(each, word(CHANNELS, each)) for each in CHANNELS], "phone"
    free = {value for rule in prices.free_rules if rule.condition == STATUS for value in rule.values}
    if free:
        statuses = [each for each in STATUSES if each == "completed" or each in free]
        yield "status", _("How it ended"), [(each, word(STATUSES, each)) for each in statuses], "completed"


def asked_fields(prices: Prices, plan: Plan, *, model: str, currency: str, shows_costs: bool) -> list[Field]:
    """What a free rule looks at and what the plan charges for, the prices of the chosen model first."""
    found: dict[str, Field] = {}
    for rule in prices.free_rules:
        if rule.condition != STATUS:
            found.setdefault(rule.field, _quantity(rule.field, None))
    for rate in sorted(plan.charged, key=lambda rate: rate.model != model):
        if rate.method == COST and shows_costs:
            name = COST_PREFIX + rate.component
            found[name] = QuantityField(name, _(rate.label), currency_unit(currency), symbol=SYMBOLS.get(currency, ""))
        if rate.method == UNIT:
            for name in filter(None, (*rate.metric.split("+"), rate.cap_field)):
                asked = FlagField(name, _(rate.label)) if name in FLAGS else _quantity(name, rate)
                if isinstance(asked, QuantityField):
                    asked.has_example = rate.model == model
                found.setdefault(name, asked)
    return list(found.values())


def currency_unit(currency: str) -> str:
    """What stands behind an amount whose currency has no symbol before it."""
    return "" if currency in SYMBOLS else currency


def _quantity(name: str, rate: Rate | None) -> QuantityField:
    """The field of one metric; a rate that counts only this one gives it its label and unit."""
    is_alone = rate is not None and rate.metric == name
    label = str(METRIC_WORDS[name]) if name in METRIC_WORDS else ""
    if rate is not None and is_alone and not label:
        label = _(rate.label)
    label = label or word({}, name.removesuffix("_seconds"))
    if name.endswith("_seconds"):
        unit = "hour" if rate is not None and is_alone and rate.unit == "hour" else "minute"
        return QuantityField(name, label, str(UNIT_WORDS[unit]), seconds_in=SECONDS_IN[unit])
    unit = measured_in(rate) if rate is not None and is_alone else name.rpartition("_")[2].removesuffix("s")
    return QuantityField(name, label, str(UNIT_WORDS.get(unit, "")))
