"""The rating engine: one event and one card version in, the charge line by line out. Pure: no database, no clock.

Laws (tests/usage/rating/test_laws.py): lines sum to the total; no line is negative; more of one quantity, all else
equal, never costs less; the order of an event's fields does not matter.

The order of decisions:
1. The selectors must have a price: an event type, model or tier that the card does not price is refused, even for an
   event that would be free. What is not sold is never taken silently, and authorising such a call (refused) agrees
   with its event (refused).
2. Free rules: a free event has no lines and says which rule freed it.
3. Lines: each component's quantity x price, rounded once. A quantity of zero makes no line; a line that rounds to zero
   stays. A quantity without a price is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from usage.rating.free import BELOW, UP_TO, first_rule
from usage.rating.match import Plan, Prices, Selectors, prices_of
from usage.rating.outcome import CONVERSATION, SPAM, SUCCESS, resolve
from usage.rating.price import EXACT, priced, quotient, rounded
from usage.rating.quantity import counted, reported, unit_of
from usage.rating.types import CALL, COST, MARGIN, ONE, ZERO, CardVersion, Line, PriceOnRequest, Rate, Rated

SMALLEST_QUANTITY = Decimal("0.000001")
NOTHING_USED = ("nothing_used", "Nothing that has a price was reported")


def rate(version: CardVersion, event_type: str, facts: Mapping[str, object]) -> Rated:
    """What the event costs on this version.

    `facts` is the event's validated data: quantities as Decimal, selectors as str, flags as bool, `provider_costs` as
    Decimal by component, all in the card's currency. A `chat.hour` is rated by the `chat.message` prices.
    Raises `PriceOnRequest` where the card has no price.
    """
    prices = prices_of(version, event_type)
    model = str(facts.get("model") or "")
    tier = str(facts.get("tier") or prices.default_tier)
    outcome, outcome_reason = resolve(version, event_type, facts)
    plan = prices.plan(prices.key(model, tier, outcome, str(facts.get("channel") or "")))
    costs = provider_costs(facts)
    cost = sum(costs.values(), ZERO) if costs else ZERO
    rule = first_rule(prices.free_rules, facts)
    if rule is not None:
        if outcome_reason != "reported":  # a call that never was one has not ended in any way
            outcome = outcome_reason = ""
        return Rated((), ZERO, cost, outcome, outcome_reason, model, tier, rule.code, rule.reason)
    lines = _lines(version, plan, facts, costs)
    total = sum([line.amount for line in lines], ZERO)
    why = ("", "") if lines else NOTHING_USED
    return Rated(tuple(lines), total, cost, outcome, outcome_reason, model, tier, *why)


def minimum_charge(version: CardVersion, event_type: str, facts: Mapping[str, object]) -> Decimal:
    """The least that an event with these selectors (model, tier, outcome, channel) costs when it is charged at all.

    For the size of a hold. Quantities in `facts` are ignored but for the shortest call that is not free; where no
    outcome is given, the cheapest counts. Raises `PriceOnRequest` where every outcome, or the model, has no price.
    """
    prices = prices_of(version, event_type)
    model = str(facts.get("model") or "")
    tier = str(facts.get("tier") or prices.default_tier)
    channel = str(facts.get("channel") or "")
    named = str(facts.get("outcome") or "")
    cheapest: Decimal | None = None
    refusal: PriceOnRequest | None = None
    for outcome in [named] if named else _possible_outcomes(version, prices, event_type):
        try:
            amount = _minimum(version, prices, prices.key(model, tier, outcome, channel))
        except PriceOnRequest as error:
            refusal = error
            continue
        if cheapest is None or amount < cheapest:
            cheapest = amount
    if cheapest is None:
        assert refusal is not None
        raise refusal
    return cheapest


def provider_costs(facts: Mapping[str, object]) -> Mapping[str, Decimal]:
    """What providers were paid for the event, by component; empty where it reports none."""
    costs = facts.get("provider_costs")
    return costs if isinstance(costs, dict) else {}


def _lines(version: CardVersion, plan: Plan, facts: Mapping[str, object], costs: Mapping[str, Decimal]) -> list[Line]:
    """The lines of an event that is charged, in the card's order."""
    for missing in plan.unpriced:
        if _is_used(missing, facts, costs):
            raise PriceOnRequest(missing.component, f"{missing.label} has no price on this rate card for this event.")
    lines: list[Line] = []
    passed_on = ZERO
    for chosen in plan.charged:
        if chosen.method == COST:
            line = _cost_line(version, chosen, facts, costs)
            if line is not None:
                passed_on += line.amount
        elif chosen.method == MARGIN:
            line = _unit_line(version, chosen, passed_on, None)
        else:
            measured = reported(facts, chosen.metric) if chosen.metric else None
            line = _unit_line(version, chosen, counted(chosen, facts), measured)
        if line is not None:
            lines.append(line)
    return lines


def _is_used(rate_: Rate, facts: Mapping[str, object], costs: Mapping[str, Decimal]) -> bool:
    if rate_.method == COST:
        return costs.get(rate_.component, ZERO) > ZERO
    return rate_.method != MARGIN and counted(rate_, facts) > ZERO


def _unit_line(version: CardVersion, rate_: Rate, quantity: Decimal, measured: Decimal | None) -> Line | None:
    """Quantity x price / per, rounded once, then at least the minimum. `quantity` is in the metric's unit."""
    if quantity <= ZERO:
        return None
    price = rate_.price
    if price is None:
        raise PriceOnRequest(rate_.component, f"{rate_.label} is priced on request.")
    size = rate_.units_per_increment
    units = quantity if size == ONE else quotient(quantity, size)
    if rate_.tiers:
        # Bounds are in units; the exact number of units is quantity / size, so the bounds are scaled instead.
        bounds = tuple((EXACT.multiply(above, size), tier_price) for above, tier_price in rate_.tiers)
        numerator = priced(quantity, price, bounds)
        price = quotient(numerator, quantity)  # what a unit cost on average
    else:
        numerator = EXACT.multiply(quantity, price)
    divisor = rate_.per if size == ONE else EXACT.multiply(rate_.per, size)
    amount = rounded(numerator, divisor, version.rounding_step, version.rounding)
    minimum = rate_.minimum if amount < rate_.minimum else None
    shown = measured if measured is not None and measured != units else None
    return Line(
        component=rate_.component,
        label=rate_.label,
        quantity=units,
        unit=rate_.unit,
        unit_price=price if rate_.per == ONE else quotient(price, rate_.per),
        amount=amount if minimum is None else minimum,
        price=price,
        per=rate_.per,
        measured=shown,
        measured_unit="" if shown is None else unit_of(rate_.metric),
        included=rate_.included,
        minimum=minimum,
    )


def _cost_line(
    version: CardVersion, rate_: Rate, facts: Mapping[str, object], costs: Mapping[str, Decimal]
) -> Line | None:
    """A provider's cost as billed, with the quantity behind it where the event reports one."""
    cost = costs.get(rate_.component, ZERO)
    if cost <= ZERO:
        return None
    if rate_.price is None:
        raise PriceOnRequest(rate_.component, f"{rate_.label} is priced on request.")
    amount = rounded(cost, ONE, version.rounding_step, version.rounding)
    measured = reported(facts, rate_.metric) if rate_.metric else ZERO
    return Line(
        component=rate_.component,
        label=rate_.label,
        quantity=ONE,
        unit=rate_.unit,
        unit_price=amount,
        amount=amount,
        price=amount,
        per=ONE,
        measured=measured if measured else None,
        measured_unit=unit_of(rate_.metric) if measured else "",
    )


def _possible_outcomes(version: CardVersion, prices: Prices, event_type: str) -> Sequence[str]:
    if version.derives_outcome and event_type == CALL:
        return (SUCCESS, CONVERSATION, SPAM)
    return ("", *sorted(prices.outcomes))


def _minimum(version: CardVersion, prices: Prices, key: Selectors) -> Decimal:
    """The charge of the shortest event of these selectors that is not free, which uses nothing else."""
    known = prices.minimums.get(key)
    if known is not None:
        return known
    lines = _lines(version, prices.plan(key), {"duration_seconds": _shortest_charged(prices)}, {})
    amount = sum([line.amount for line in lines], ZERO)
    prices.minimums[key] = amount
    return amount


def _shortest_charged(prices: Prices) -> Decimal:
    """The least duration, in seconds, that no free rule exempts whatever the status."""
    shortest = SMALLEST_QUANTITY
    for rule in prices.free_rules:
        if rule.field == "duration_seconds" and rule.limit is not None and not rule.except_statuses:
            if rule.condition == BELOW:
                shortest = max(shortest, rule.limit)
            elif rule.condition == UP_TO:
                shortest = max(shortest, rule.limit + SMALLEST_QUANTITY)
    return shortest
