"""What is wrong with a card version before it is published: a version that prices nothing, or ambiguously, is refused.

After publishing nothing can be changed any more, so everything that would make the engine guess is found here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from usage.rating.free import STATUS
from usage.rating.metrics import METRICS, unknown_metrics
from usage.rating.types import CHAT_MESSAGE, COST, MARGIN, ZERO, CardVersion, FreeRule, Rate


def faults(version: CardVersion) -> list[str]:
    """Everything that forbids publishing the version, in plain words; empty when it is sound."""
    if not version.rates:
        return ["The version has no rates: everything on it would be refused as on request."]
    found = [fault for rate in version.rates for fault in _rate_faults(rate)]
    found += [fault for rule in version.free_rules for fault in _rule_faults(rule)]
    found += _ambiguous(version)
    found += _margins_without_costs(version)
    tiers = {rate.tier for rate in version.rates if rate.tier}
    if version.default_tier and version.default_tier not in tiers:
        found.append(f"The default tier {version.default_tier} has no rates.")
    if version.aggregates_chat and not any(rate.event_type == CHAT_MESSAGE for rate in version.rates):
        found.append(f"Chat is charged by the hour, but {CHAT_MESSAGE} has no rates.")
    return found


def _name(rate: Rate) -> str:
    selectors = [text for text in (rate.model, rate.tier, rate.outcome, ", ".join(rate.channels)) if text]
    return f"{rate.event_type} {rate.component}" + (f" ({', '.join(selectors)})" if selectors else "")


def _rate_faults(rate: Rate) -> Iterator[str]:
    if rate.event_type not in METRICS:
        yield f"{_name(rate)}: events of this type are not priced by themselves."
        return
    for name in unknown_metrics(rate.event_type, rate.metric) + unknown_metrics(rate.event_type, rate.cap_field):
        yield f"{_name(rate)}: {rate.event_type} reports no {name}."
    if rate.method != COST and rate.method != MARGIN and rate.included and not rate.metric:
        yield f"{_name(rate)}: an included quantity needs a metric."
    if (rate.first_increment or rate.increment or rate.cap_field) and not rate.metric:
        yield f"{_name(rate)}: increments and a cap field need a metric."
    if rate.tiers and rate.price is None:
        yield f"{_name(rate)}: prices by volume need a price for the first units."
    if rate.method == MARGIN and (rate.metric or rate.tiers or rate.included):
        yield f"{_name(rate)}: a margin is a share of the provider costs and takes no metric."
    bounds = [above for above, _ in rate.tiers]
    if any(above <= ZERO for above in bounds) or any(a >= b for a, b in pairwise(bounds)):
        yield f"{_name(rate)}: the bounds of prices by volume must be positive and rise."
    if any(price < ZERO for _, price in rate.tiers):
        yield f"{_name(rate)}: a price cannot be negative."


def _rule_faults(rule: FreeRule) -> Iterator[str]:
    if rule.condition != STATUS and unknown_metrics(rule.event_type, rule.field):
        yield f"Free rule {rule.code}: {rule.event_type} reports no {rule.field}."
    if rule.condition == STATUS and not rule.values:
        yield f"Free rule {rule.code}: name the statuses it applies to."
    if rule.condition != STATUS and rule.limit is None:
        yield f"Free rule {rule.code}: give the limit."


def _ambiguous(version: CardVersion) -> Iterator[str]:
    """Two rates of one component that are equally specific for the same event."""
    counted: Counter[tuple[str, ...]] = Counter()
    for rate in version.rates:
        for channel in rate.channels or ("",):
            counted[(rate.event_type, rate.component, rate.model, rate.tier, rate.outcome, channel)] += 1
    for (event_type, component, *selectors), times in counted.items():
        if times > 1:
            named = ", ".join(text for text in selectors if text)
            yield f"{event_type} {component}{f' ({named})' if named else ''}: priced {times} times."


def _margins_without_costs(version: CardVersion) -> Iterator[str]:
    passed_on = {rate.event_type for rate in version.rates if rate.method == COST}
    for rate in version.rates:
        if rate.method == MARGIN and rate.event_type not in passed_on:
            yield f"{_name(rate)}: a margin needs a provider cost that is passed on."
