"""What a month's calls would have cost on another model or tier of the card, from the daily roll-up.

The quantities that were charged are counted at the other's prices, which is exact up to the rounding of each call's
lines. Calls that name no model are not compared: on a model that takes audio itself, they would have used other things.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from django.db.models import F, Sum

from usage.models import DailyComponent, DailyUsage
from usage.models.event import EventType
from usage.rating.match import Prices, prices_of
from usage.rating.types import CALL, UNIT, ZERO, CardVersion, PriceOnRequest, Rate

Selector = Literal["model", "tier"]
SELECTORS: tuple[Selector, ...] = ("model", "tier")


@dataclass(frozen=True, slots=True)
class Used:
    """What calls of one model, tier and outcome were charged for one component; `quantity` is in `unit`."""

    model: str
    tier: str
    outcome: str
    component: str
    unit: str
    quantity: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another model or tier, and about what the same calls would have cost on it."""

    name: str
    cost: Decimal
    saving: Decimal
    """Negative where it costs more."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The calls of one model or tier, what they were charged, and the alternatives, cheapest first."""

    by: Selector
    name: str
    calls: int
    charged: Decimal
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class MonthOfCalls:
    """The charged calls of some days: their components, and how many there were by (model, tier)."""

    used: tuple[Used, ...]
    calls: dict[tuple[str, str], int]


def charged_calls(*, account_id: int, project_id: int | None, first_day: date, last_day: date) -> MonthOfCalls:
    """The account's calls that moved money, or those of one of its projects. Two queries."""
    days = {"account_id": account_id, "day__range": (first_day, last_day), "is_simulated": False}
    days |= {"event_type": EventType.CALL.value} | ({} if project_id is None else {"project_id": project_id})
    lines = (
        DailyComponent.objects.filter(**days)
        .values_list("model", "tier", "outcome", "component", "unit")
        .annotate(quantity_sum=Sum("quantity"), amount_sum=Sum("amount"))
        .order_by("model", "tier", "outcome", "component", "unit")
    )
    counts = (
        DailyUsage.objects.filter(**days)
        .values_list("model", "tier")
        .annotate(charged=Sum(F("count") - F("free_count")))
        .order_by("model", "tier")
    )
    return MonthOfCalls(
        tuple(Used(*line) for line in lines if line[-2]),
        {(model, tier): count for model, tier, count in counts if count},
    )


def compare(version: CardVersion, month: MonthOfCalls) -> list[Compared]:
    """Each model and tier that was used, with the others of the card that price all its calls used."""
    try:
        prices = prices_of(version, CALL)
    except PriceOnRequest:
        return []
    found = []
    for by in SELECTORS:
        offered = list(dict.fromkeys(getattr(rate, by) for rate in prices.rates if getattr(rate, by)))
        grouped: defaultdict[str, list[Used]] = defaultdict(list)
        for used in month.used:
            grouped[getattr(used, by)].append(used)
        found += [_compared(prices, by, name, grouped[name], offered, month) for name in offered if name in grouped]
    return [each for each in found if each.alternatives]


def _compared(
    prices: Prices, by: Selector, name: str, used: Sequence[Used], offered: Iterable[str], month: MonthOfCalls
) -> Compared:
    charged = sum((each.amount for each in used), ZERO)
    alternatives = []
    for other in offered:
        cost = None if other == name else _cost(prices, by, used, other)
        if cost is not None:
            alternatives.append(Alternative(other, cost, charged - cost))
    place = SELECTORS.index(by)
    calls = sum(count for key, count in month.calls.items() if key[place] == name)
    return Compared(by, name, calls, charged, tuple(sorted(alternatives, key=lambda each: each.cost)))


def _cost(prices: Prices, by: Selector, used: Sequence[Used], other: str) -> Decimal | None:
    """What was used, at the other's prices; None where one of its components has no such price there.

    What one rate prices for both cost what it was charged.
    """
    total = ZERO
    for each in used:
        now = _rate(prices, each)
        then = _rate(prices, replace(each, model=other) if by == "model" else replace(each, tier=other))
        if now is not None and now is then:
            total += each.amount
            continue
        if now is None or then is None or then.price is None or not _counts_alike(now, then):
            return None
        total += each.quantity * then.price / then.per
    return total


def _rate(prices: Prices, used: Used) -> Rate | None:
    """The rate that the card has for the component; None where that depends on the channel, which no roll-up knows."""
    if any(rate.channels for rate in prices.rates if rate.component == used.component):
        return None
    try:
        plan = prices.plan(prices.key(used.model, used.tier, used.outcome, ""))
    except PriceOnRequest:
        return None
    chosen = next((rate for rate in plan.charged if rate.component == used.component), None)
    return chosen if chosen is not None and chosen.method == UNIT and chosen.unit == used.unit else None


def _counts_alike(one: Rate, other: Rate) -> bool:
    """Whether both charge the same quantity for the same call, at one price whatever the quantity."""
    return not (one.tiers or other.tiers or one.minimum or other.minimum) and all(
        getattr(one, name) == getattr(other, name)
        for name in ("metric", "included", "cap_field", "first_increment", "increment", "units_per_increment")
    )
