"""The rate card of a product's file: the `[rate_card]` table with its rates and free rules.

A rate has either a `price` or `on_request = true`, so that a forgotten price is no price on request. The order in the
file is the order of the lines of a charge.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from usage import rating
from usage.models import FreeRule, Rate, RateCardVersion
from usage.models.rate_card import Rounding
from usage.rating.metrics import FLAGS, METRICS
from usage.rating.types import COST, ONE, CardVersion, plain
from usage.services.products.tables import Table

CHANNELS = ("phone", "web", "whatsapp", "chat")
STATUSES = ("completed", "voicemail", "failed", "rejected", "no_answer", "dropped")
SELECTORS = ("model", "tier", "outcome", "channel", "status")


Examples = dict[str, dict[str, Any]]


def read_card(table: Table) -> tuple[CardVersion, str, Examples]:
    """The version that the file describes, its note, and the examples of the card (`RateCard.examples`)."""
    note = table.text("note")
    card = CardVersion(
        card_name=table.text("name"),
        starts_at=table.moment("starts_at"),
        rounding_step=table.number("rounding_step"),
        rounding=table.choice("rounding", Rounding.values),
        derives_outcome=table.flag("derives_outcome", False),
        conversation_seconds=table.whole("conversation_seconds", 30),
        conversation_turns=table.whole("conversation_turns", 3),
        default_tier=table.text("default_tier", ""),
        aggregates_chat=table.flag("aggregates_chat", False),
        rates=tuple(_rate(rate, place) for place, rate in enumerate(table.tables("rates"), start=1)),
        free_rules=tuple(_free_rule(rule, place) for place, rule in enumerate(table.tables("free_rules"), start=1)),
    )
    if not 0 < card.rounding_step < 1000:
        raise table.error("rounding_step", "must be above 0 and below 1000.")
    _check(table, RateCardVersion(**version_fields(card), note=note), "card")
    examples = _examples(table.table("examples"), card) if table.has("examples") else {}
    table.done()
    return card, note, examples


def version_fields(card: CardVersion) -> dict[str, Any]:
    """The columns of `RateCardVersion` that a card's terms fill."""
    return {
        "starts_at": card.starts_at,
        "rounding_step": card.rounding_step,
        "rounding": card.rounding,
        "derives_outcome": card.derives_outcome,
        "conversation_seconds": card.conversation_seconds,
        "conversation_turns": card.conversation_turns,
        "default_tier": card.default_tier,
        "aggregates_chat": card.aggregates_chat,
    }


def rate_row(rate: rating.Rate, version: RateCardVersion | None = None) -> Rate:
    """The unsaved row of a rate."""
    fields = {name: getattr(rate, name) for name in rate.__slots__}
    fields["channels"] = list(rate.channels)
    fields["tiers"] = [{"above": f"{above:f}", "price": f"{price:f}"} for above, price in rate.tiers]
    return Rate(version=version, **fields)


def free_rule_row(rule: rating.FreeRule, version: RateCardVersion | None = None) -> FreeRule:
    """The unsaved row of a free rule."""
    fields = {name: getattr(rule, name) for name in rule.__slots__}
    fields["values"] = list(rule.values)
    fields["except_statuses"] = list(rule.except_statuses)
    return FreeRule(version=version, **fields)


def _rate(table: Table, place: int) -> rating.Rate:
    method = table.choice("method", Rate.Method.values, Rate.Method.UNIT)
    rate = rating.Rate(
        event_type=table.choice("event_type", METRICS),
        component=table.text("component"),
        label=table.text("label"),
        unit=table.text("unit"),
        price=_price(table, method),
        position=place,
        model=table.text("model", ""),
        tier=table.text("tier", ""),
        outcome=table.text("outcome", ""),
        channels=table.texts("channels", CHANNELS),
        method=method,
        metric=table.text("metric", ""),
        per=_divisor(table, "per"),
        included=table.number("included", "0"),
        cap_field=table.text("cap_field", ""),
        first_increment=table.number("first_increment", "0"),
        increment=table.number("increment", "0"),
        units_per_increment=_divisor(table, "units_per_increment"),
        minimum=table.number("minimum", "0"),
        tiers=tuple(_volume_price(step) for step in table.tables("tiers")),
        is_operators_to_set=table.flag("operators_to_set", False),
    )
    _check(table, rate_row(rate), "version")
    table.done()
    return rate


def _price(table: Table, method: str) -> Decimal | None:
    """The price, None for on request. A provider's cost is passed on as it is, which is written as a price of 1."""
    on_request = table.flag("on_request", False)
    if on_request == table.has("price") and method != COST:
        raise table.error("price", "give either a price or on_request = true.")
    if on_request:
        return None
    if method == COST:
        if table.has("price"):
            raise table.error("price", "a provider's cost is passed on as billed and has no price.")
        return ONE
    return table.number("price")


def _divisor(table: Table, name: str) -> Decimal:
    value = table.number(name, "1")
    if not value:
        raise table.error(name, "must be above 0.")
    return value


def _volume_price(table: Table) -> tuple[Decimal, Decimal]:
    step = (table.number("above"), table.number("price"))
    table.done()
    return step


def _free_rule(table: Table, place: int) -> rating.FreeRule:
    condition = table.choice("condition", FreeRule.Condition.values)
    is_status = condition == FreeRule.Condition.STATUS
    rule = rating.FreeRule(
        event_type=table.choice("event_type", METRICS),
        code=table.text("code"),
        reason=table.text("reason"),
        condition=condition,
        position=place,
        field=table.text("field", "status") if is_status else table.text("field"),
        values=table.texts("values", STATUSES if is_status else ()),
        limit=None if is_status else table.number("limit"),
        except_statuses=table.texts("except_statuses", STATUSES),
    )
    _check(table, free_rule_row(rule), "version")
    table.done()
    return rule


def _examples(table: Table, card: CardVersion) -> Examples:
    """An event's data by event type; numbers are kept as texts, so that no digit is lost."""
    types = [event_type for event_type in METRICS if table.has(event_type)]
    examples = {event_type: _example(table.table(event_type), event_type, card) for event_type in types}
    table.done()
    return examples


def _example(table: Table, event_type: str, card: CardVersion) -> dict[str, Any]:
    facts: dict[str, Any] = {name: table.text(name) for name in SELECTORS if table.has(name)}
    for name in sorted(METRICS[event_type]):
        if table.has(name):
            facts[name] = table.flag(name, False) if name in FLAGS else plain(table.number(name))
    if table.has("provider_costs"):
        costs = table.table("provider_costs")
        passed_on = [rate.component for rate in card.rates if (rate.event_type, rate.method) == (event_type, COST)]
        facts["provider_costs"] = {name: plain(costs.number(name)) for name in passed_on if costs.has(name)}
        costs.done()
    table.done()
    return facts


def _check(table: Table, row: models.Model, *exclude: str) -> None:
    """Lengths, digits and forms, as the columns have them."""
    try:
        row.clean_fields(exclude=exclude)
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise table.error(name, messages[0]) from None
