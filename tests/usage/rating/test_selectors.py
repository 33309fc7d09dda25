"""Which rate applies: models, tiers, outcomes, channels, and what has no price."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.usage.rating.cards import amounts, card, facts, price_of, product_card, rated
from usage.rating import FreeRule, PriceOnRequest, rate
from usage.rating.match import prices_of
from usage.rating.types import CALL

UNDER_THREE = FreeRule(CALL, "short", "Short calls are free", "below", field="duration_seconds", limit=Decimal(3))


def test_the_most_specific_rate_wins_by_model_then_tier_then_outcome() -> None:
    version = card(
        price_of(price="1"),
        price_of(price="2", outcome="success"),
        price_of(price="3", tier="gold"),
        price_of(price="4", tier="gold", outcome="success"),
        price_of(price="5", model="m"),
    )
    assert rated(version).total == 1
    assert rated(version, outcome="success").total == 2
    assert rated(version, tier="gold").total == 3
    assert rated(version, tier="gold", outcome="success").total == 4
    assert rated(version, tier="gold", outcome="success", model="m").total == 5


def test_a_rate_for_a_channel_goes_before_one_for_all() -> None:
    version = card(price_of(price="1"), price_of(price="2", channels=("web",)))
    assert rated(version, channel="web").total == 2
    assert rated(version, channel="phone").total == 1


def test_a_component_of_other_channels_is_not_charged() -> None:
    version = card(price_of("call", "1"), price_of("line", "2", channels=("phone",)))
    assert amounts(rated(version, channel="phone")) == {"call": 1, "line": 2}
    assert amounts(rated(version, channel="web")) == {"call": 1}


def test_a_model_that_the_card_does_not_price_is_on_request() -> None:
    with pytest.raises(PriceOnRequest, match="model gpt-9 has no price"):
        rated(product_card("aipbx"), model="gpt-9", llm_input_tokens=10, duration_seconds=60)


def test_a_model_does_not_matter_on_a_card_without_models() -> None:
    assert rated(product_card("atllasx"), model="anything", duration_seconds=60).total == 1


def test_a_model_on_request_is_refused_whatever_was_used_of_it() -> None:
    with pytest.raises(PriceOnRequest, match="yandex-realtime is priced on request"):
        rated(product_card("aipbx"), model="yandex-realtime", duration_seconds=60)


def test_a_model_on_request_is_refused_even_for_a_call_that_would_be_free() -> None:
    with pytest.raises(PriceOnRequest):
        rated(product_card("aipbx"), model="yandex-realtime", duration_seconds=2)


def test_a_component_on_request_is_refused_only_when_it_is_used() -> None:
    version = card(price_of("call", "1"), price_of("tts", None, metric="tts_seconds"))
    assert rated(version, tts_seconds=0).total == 1
    with pytest.raises(PriceOnRequest) as refusal:
        rated(version, tts_seconds=1)
    assert refusal.value.component == "tts"


def test_a_component_priced_only_for_models_is_refused_without_one() -> None:
    with pytest.raises(PriceOnRequest) as refusal:
        rated(product_card("aipbx"), duration_seconds=60, audio_input_seconds=30)
    assert refusal.value.component == "audio_input"


def test_an_unknown_tier_is_on_request_and_no_tier_is_the_default() -> None:
    aitelier = product_card("aitelier")
    with pytest.raises(PriceOnRequest, match="tier gold has no price"):
        rated(aitelier, tier="gold", outcome="success", duration_seconds=60)
    result = rated(aitelier, outcome="success", duration_seconds=60)
    assert (result.tier, result.total) == ("standard", Decimal("0.90"))


def test_an_outcome_without_a_price_is_on_request() -> None:
    version = card(price_of(outcome="success"))
    with pytest.raises(PriceOnRequest):
        rated(version, outcome="spam")


@pytest.mark.parametrize("event_type", ["chat.message", "crawl.completed", "llm.completed", "chat.hour"])
def test_an_event_type_without_rates_is_on_request(event_type: str) -> None:
    with pytest.raises(PriceOnRequest):
        rate(product_card("aipbx"), event_type, facts(llm_input_tokens=10))


def test_names_from_outside_do_not_fill_the_memory() -> None:
    version = card(price_of())
    for number in range(50):
        rated(version, model=f"m-{number}", tier=f"t-{number}", outcome=f"o-{number}", channel=f"c-{number}")
    assert list(prices_of(version, CALL).plans) == [("", "", "", "")]
