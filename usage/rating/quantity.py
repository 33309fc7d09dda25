"""From what an event reports to what is counted: included quantity, billing increments, the cap that opens overage.

Counting never decreases when the reported quantity grows.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal

from usage.rating.price import EXACT
from usage.rating.types import ONE, ZERO, Rate


def reported(facts: Mapping[str, object], metric: str) -> Decimal:
    """The event's quantity under this name; a flag that is set counts one, a missing field nothing.

    Several names joined by "+" are summed (`llm_input_tokens+llm_output_tokens`).
    """
    if "+" in metric:
        return sum([reported(facts, name) for name in metric.split("+")], ZERO)
    value = facts.get(metric)
    if value is None:
        return ZERO
    if value is True:
        return ONE
    return value if isinstance(value, Decimal) else Decimal(int(value))  # type: ignore[call-overload]


def counted(rate: Rate, facts: Mapping[str, object]) -> Decimal:
    """What of the metric is charged for, in the metric's own unit; a rate without a metric counts one per event.

    With a `cap_field` nothing is charged unless the event reports that cap above what is included (aitelier.md,
    'Overage minutes apply only when a scenario raises its duration cap').
    """
    if not rate.metric:
        return rate.units_per_increment
    quantity = reported(facts, rate.metric)
    if rate.cap_field and reported(facts, rate.cap_field) <= rate.included:
        return ZERO
    if rate.included:
        quantity = EXACT.subtract(quantity, rate.included)
    if quantity <= ZERO:
        return ZERO
    if rate.first_increment or rate.increment:
        return _in_increments(quantity, rate.first_increment, rate.increment)
    return quantity


def _in_increments(quantity: Decimal, first: Decimal, step: Decimal) -> Decimal:
    """The first increment in full, then begun steps in full: 60/6 counts 61 seconds as 66."""
    if quantity <= first:
        return first
    if not step:
        return quantity
    beyond = EXACT.subtract(quantity, first)
    steps = EXACT.divide(beyond, step).to_integral_value(ROUND_CEILING)
    return EXACT.add(first, EXACT.multiply(steps, step))


def unit_of(metric: str) -> str:
    """What one of a metric is called: `duration_seconds` counts seconds, `llm_input_tokens` tokens."""
    return metric.rpartition("_")[2].removesuffix("s")
