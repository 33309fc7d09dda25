"""Which rates apply to an event: selectors (model, tier, outcome), channels, and what has no price.

For each component the most specific rate wins: by model first, then tier, then outcome, then a list of channels;
among equals the earlier position. An empty selector matches anything. A component whose rates are for other channels
is not charged; a component whose rates are for other models, tiers or outcomes has no price, and using it is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from usage.rating.types import CHAT_HOUR, CHAT_MESSAGE, MARGIN, CardVersion, FreeRule, PriceOnRequest, Rate

# An hour of chat messages is priced as the messages are.
PRICED_AS = {CHAT_HOUR: CHAT_MESSAGE}

Selectors = tuple[str, str, str, str]
"""Model, tier, outcome, channel."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The rates for one combination of selectors and channel."""

    charged: tuple[Rate, ...]
    """In the order of the lines; margins, which need the costs, come last."""
    unpriced: tuple[Rate, ...]
    """Rates of components that this combination has no price for; one per component and metric."""
    on_request: str
    """The component that is on request for the model itself, whatever was used of it. Empty: none."""


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """All rates of one card version for one event type, with the plans worked out so far."""

    rates: tuple[Rate, ...]
    free_rules: tuple[FreeRule, ...]
    models: frozenset[str]
    tiers: frozenset[str]
    outcomes: frozenset[str]
    channels: frozenset[str]
    default_tier: str
    plans: dict[Selectors, Plan] = field(default_factory=dict)
    minimums: dict[Selectors, Decimal] = field(default_factory=dict)

    def key(self, model: str, tier: str, outcome: str, channel: str) -> Selectors:
        """The selectors as this card tells them apart: what it does not name becomes empty.

        Only what the card itself names makes a key, so that texts from outside cannot fill the memory. Raises
        `PriceOnRequest` for a model or tier that is not on a card that prices by model or tier.
        """
        if model and model not in self.models:
            if self.models:
                raise PriceOnRequest(model, f"The model {model} has no price on this rate card.")
            model = ""
        if tier and tier not in self.tiers:
            if self.tiers:
                raise PriceOnRequest(tier, f"The tier {tier} has no price on this rate card.")
            tier = ""
        if outcome not in self.outcomes:
            outcome = ""
        if channel not in self.channels:
            channel = ""
        return model, tier, outcome, channel

    def plan(self, key: Selectors) -> Plan:
        """The rates for selectors made by `key`. Raises `PriceOnRequest` when the model itself is on request."""
        plan = self.plans.get(key)
        if plan is None:
            plan = self.plans[key] = _plan(self.rates, *key)
        if plan.on_request:
            raise PriceOnRequest(plan.on_request, f"The model {key[0]} is priced on request.")
        return plan


def prices_of(version: CardVersion, event_type: str) -> Prices:
    """The version's prices for events of this type. Raises `PriceOnRequest` when it has none."""
    prices = version.prices.get(event_type)
    if prices is None:
        prices = _prices(version, event_type)
        version.prices[event_type] = prices
    return prices


def _prices(version: CardVersion, event_type: str) -> Prices:
    listed = PRICED_AS.get(event_type, event_type)
    rates = tuple(rate for rate in version.rates if rate.event_type == listed)
    if not rates:
        raise PriceOnRequest(event_type, f"Events of type {event_type} have no price on this rate card.")
    rules = sorted((rule for rule in version.free_rules if rule.event_type == listed), key=lambda rule: rule.position)
    tiers = frozenset(rate.tier for rate in rates if rate.tier)
    return Prices(
        rates=rates,
        free_rules=tuple(rules),
        models=frozenset(rate.model for rate in rates if rate.model),
        tiers=tiers,
        outcomes=frozenset(rate.outcome for rate in rates if rate.outcome),
        channels=frozenset(channel for rate in rates for channel in rate.channels),
        default_tier=version.default_tier if tiers else "",
    )


def _plan(rates: Sequence[Rate], model: str, tier: str, outcome: str, channel: str) -> Plan:
    """Choose per component; a later rate of the same rank never replaces an earlier one."""
    chosen: dict[str, Rate] = {}
    priced: set[str] = set()
    ordered = sorted(rates, key=lambda rate: rate.position)
    for rate in ordered:
        if rate.model not in ("", model) or rate.tier not in ("", tier) or rate.outcome not in ("", outcome):
            continue
        priced.add(rate.component)
        if rate.channels and channel not in rate.channels:
            continue
        best = chosen.get(rate.component)
        if best is None or _rank(rate) > _rank(best):
            chosen[rate.component] = rate
    unpriced = {(rate.component, rate.metric): rate for rate in ordered if rate.component not in priced}
    charged = sorted(chosen.values(), key=lambda rate: (rate.method == MARGIN, rate.position))
    refused = [rate.component for rate in charged if rate.price is None and rate.model]
    return Plan(tuple(charged), tuple(unpriced.values()), refused[0] if refused else "")


def _rank(rate: Rate) -> tuple[bool, bool, bool, bool]:
    return (bool(rate.model), bool(rate.tier), bool(rate.outcome), bool(rate.channels))
