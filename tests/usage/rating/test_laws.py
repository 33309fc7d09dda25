"""The engine's laws, on cards and events that hypothesis makes up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.usage.rating.cards import card, facts, product_card
from usage.rating import CardVersion, PriceOnRequest, Rate, Rated, minimum_charge, rate
from usage.rating.types import CALL, COST, MARGIN

METRICS = ["duration_seconds", "llm_input_tokens", "stt_seconds", "tts_seconds"]
quantities = st.decimals(min_value=0, max_value=10**6, places=3)
prices = st.decimals(min_value=0, max_value=100, places=6)
sizes = st.sampled_from([Decimal(1), Decimal(6), Decimal(60), Decimal(1000)])


@st.composite
def unit_rates(draw: st.DrawFn, component: str) -> Rate:
    """Any sound rate by quantity."""
    bounds = draw(st.lists(st.integers(1, 10**5), max_size=2, unique=True).map(sorted))
    return Rate(
        event_type=CALL,
        component=component,
        label=component,
        unit="unit",
        price=draw(prices),
        metric=draw(st.sampled_from(METRICS)),
        per=draw(sizes),
        included=draw(st.sampled_from([Decimal(0), Decimal(30), Decimal(300)])),
        first_increment=draw(st.sampled_from([Decimal(0), Decimal(60)])),
        increment=draw(st.sampled_from([Decimal(0), Decimal(1), Decimal(6), Decimal(60)])),
        units_per_increment=draw(sizes),
        minimum=draw(st.sampled_from([Decimal(0), Decimal("0.05")])),
        tiers=tuple((Decimal(bound), draw(prices)) for bound in bounds),
    )


@st.composite
def cards(draw: st.DrawFn) -> CardVersion:
    """Rates by quantity, a cost passed on and a margin, with any rounding."""
    rates = [draw(unit_rates(f"c{place}")) for place in range(draw(st.integers(1, 4)))]
    rates.append(Rate(CALL, "llm", "llm", "call", Decimal(1), method=COST))
    rates.append(Rate(CALL, "margin", "margin", "cost", draw(prices), method=MARGIN))
    return card(
        *rates,
        step=draw(st.sampled_from(["0.000001", "0.001", "0.01", "0.05", "1"])),
        rounding=draw(st.sampled_from(["half_up", "half_even", "up", "down"])),
    )


usages = st.fixed_dictionaries(
    dict.fromkeys(METRICS, quantities),
    optional={"provider_costs": st.fixed_dictionaries({"llm": prices})},
)


@given(cards(), usages)
def test_lines_sum_to_the_total_and_none_is_negative(version: CardVersion, data: dict[str, Any]) -> None:
    result = rate(version, CALL, data)
    assert sum((line.amount for line in result.lines), Decimal(0)) == result.total
    assert all(line.amount >= 0 and line.quantity > 0 for line in result.lines)


@given(cards(), usages)
def test_every_amount_is_a_multiple_of_the_step_or_the_minimum(version: CardVersion, data: dict[str, Any]) -> None:
    for line in rate(version, CALL, data).lines:
        assert line.amount % version.rounding_step == 0 or line.amount == line.minimum


@given(cards(), usages, st.sampled_from(METRICS), quantities)
def test_more_usage_never_costs_less(version: CardVersion, data: dict[str, Any], name: str, more: Decimal) -> None:
    assert rate(version, CALL, {**data, name: data[name] + more}).total >= rate(version, CALL, data).total


@given(cards(), usages, prices)
def test_higher_costs_never_cost_less(version: CardVersion, data: dict[str, Any], more: Decimal) -> None:
    costs = data.get("provider_costs", {"llm": Decimal(0)})
    higher = {**data, "provider_costs": {"llm": costs["llm"] + more}}
    assert rate(version, CALL, higher).total >= rate(version, CALL, data).total


@given(cards(), usages, st.randoms(use_true_random=False))
def test_the_order_of_fields_and_rates_does_not_matter(version: CardVersion, data: dict[str, Any], random: Any) -> None:
    names, rates = list(data), list(version.rates)
    random.shuffle(names)
    random.shuffle(rates)
    shuffled = card(*rates, step=str(version.rounding_step), rounding=version.rounding)
    other = rate(shuffled, CALL, {name: data[name] for name in names})
    assert other.total == rate(version, CALL, data).total


@given(cards(), st.lists(usages, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter(version: CardVersion, events: list[dict[str, Any]], random: Any) -> None:
    order = list(range(len(events)))
    random.shuffle(order)
    fresh = card(*version.rates, step=str(version.rounding_step), rounding=version.rounding)
    first = {place: rate(version, CALL, events[place]) for place in range(len(events))}
    second = {place: rate(fresh, CALL, events[place]) for place in order}
    assert first == second


calls = st.fixed_dictionaries(
    {
        "channel": st.sampled_from(["phone", "web", "whatsapp", "chat"]),
        "status": st.sampled_from(["completed", "voicemail", "failed", "rejected", "no_answer", "dropped"]),
        "duration_seconds": quantities,
    },
    optional={
        "model": st.sampled_from(["", "gpt-realtime", "qwen-realtime", "yandex-realtime", "other"]),
        "tier": st.sampled_from(["", "economy", "standard", "premium", "other"]),
        "outcome": st.sampled_from(["success", "conversation", "spam"]),
        "goal_reached": st.booleans(),
        "spam": st.booleans(),
        "user_turns": st.integers(0, 50).map(Decimal),
        "analytics": st.booleans(),
        "duration_cap_seconds": quantities,
        "llm_input_tokens": quantities,
        "audio_input_seconds": quantities,
        "provider_costs": st.dictionaries(st.sampled_from(["llm", "stt", "tts", "sip", "other"]), prices),
    },
)


@given(st.sampled_from(["aipbx", "aitelier", "atllasx", "letustalk", "osmtalk"]), calls)
def test_a_call_of_a_real_card_is_charged_freed_or_refused_and_never_below_its_minimum(
    slug: str, data: dict[str, Any]
) -> None:
    version = product_card(slug)
    result: Rated
    try:
        result = rate(version, CALL, data)
    except PriceOnRequest as refusal:
        assert refusal.detail
        return
    if result.free_code:
        assert (result.lines, result.total) == ((), Decimal(0))
        return
    assert result.total == sum((line.amount for line in result.lines), Decimal(0))
    assert result.total >= minimum_charge(version, CALL, data)


def test_facts_are_not_changed() -> None:
    data = facts(duration_seconds=60, provider_costs={"llm": "0.1"})
    before = {**data, "provider_costs": dict(data["provider_costs"])}
    rate(product_card("letustalk"), CALL, data)
    assert data == before
