"""Amounts: price per so many units, volume prices, rounding modes, minimum, what a line states."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.usage.rating.cards import amounts, card, price_of, rated
from usage.rating.price import rounded

ONE = Decimal(1)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("half_up", ["0.002", "0.003", "0.004", "0.002", "0.003"]),
        ("half_even", ["0.002", "0.002", "0.004", "0.002", "0.003"]),
        ("up", ["0.002", "0.003", "0.004", "0.003", "0.003"]),
        ("down", ["0.002", "0.002", "0.003", "0.002", "0.002"]),
    ],
)
def test_a_line_rounds_as_the_card_says(mode: str, expected: list[str]) -> None:
    values = ["0.002", "0.0025", "0.0035", "0.0024999999", "0.0025000001"]
    assert [str(rounded(Decimal(value), ONE, Decimal("0.001"), mode)) for value in values] == expected


def test_a_tie_is_decided_on_the_exact_ratio() -> None:
    third = rounded(ONE, Decimal(3), Decimal("0.000001"), "half_up")
    assert third == Decimal("0.333333")
    assert rounded(ONE, Decimal(80), Decimal("0.005"), "half_up") == Decimal("0.015")  # 0.0125 is half a step
    assert rounded(ONE, Decimal(80), Decimal("0.005"), "half_even") == Decimal("0.010")


def test_a_step_need_not_be_a_power_of_ten() -> None:
    version = card(price_of(price="0.07", metric="duration_seconds"), step="0.05")
    assert rated(version, duration_seconds=3).total == Decimal("0.20")


def test_each_line_is_rounded_once_and_the_total_is_their_sum() -> None:
    version = card(
        price_of("a", "0.0005", metric="stt_seconds"), price_of("b", "0.0005", metric="tts_seconds"), step="0.001"
    )
    result = rated(version, stt_seconds=1, tts_seconds=1)
    assert amounts(result) == {"a": Decimal("0.001"), "b": Decimal("0.001")}
    assert result.total == Decimal("0.002")


def test_a_line_that_rounds_to_zero_stays() -> None:
    version = card(price_of(price="0.0001", metric="duration_seconds"))
    assert amounts(rated(version, duration_seconds=1)) == {"call": Decimal("0.000")}


def test_the_minimum_holds_once_anything_is_counted() -> None:
    version = card(price_of(price="0.001", metric="duration_seconds", minimum="0.05"))
    (line,) = rated(version, duration_seconds=1).lines
    assert (line.amount, line.minimum) == (Decimal("0.05"), Decimal("0.05"))
    (line,) = rated(version, duration_seconds=51).lines
    assert (line.amount, line.minimum) == (Decimal("0.051"), None)
    assert rated(version, duration_seconds=0).lines == ()


@pytest.mark.parametrize(
    ("seconds", "amount"), [(1000, "5.000"), (1001, "5.004"), (3000, "13.000"), (3001, "13.003"), (4000, "16.000")]
)
def test_volume_prices_are_graduated(seconds: int, amount: str) -> None:
    version = card(price_of(price="0.005", metric="duration_seconds", tiers=[("1000", "0.004"), ("3000", "0.003")]))
    assert rated(version, duration_seconds=seconds).total == Decimal(amount)


def test_volume_bounds_are_in_the_lines_own_unit() -> None:
    version = card(price_of(price="0.60", metric="duration_seconds", units_per_increment="60", tiers=[("10", "0.30")]))
    (line,) = rated(version, duration_seconds=900).lines
    assert line.amount == Decimal("7.50")  # 10 min x 0.60 and 5 min x 0.30
    assert line.quantity * line.price == Decimal("7.50")


def test_a_line_states_quantity_price_and_amount_as_decimal_strings() -> None:
    version = card(price_of("llm_input", "0.005", metric="llm_input_tokens", per="1000", unit="token", label="Tokens"))
    (line,) = rated(version, llm_input_tokens=2340).lines
    assert line.as_json() == {
        "component": "llm_input",
        "label": "Tokens",
        "quantity": "2340",
        "unit": "token",
        "unit_price": "0.000005",
        "amount": "0.012000",
        "price": "0.005",
        "per": "1000",
    }


def test_a_repeating_quantity_is_shown_short_and_charged_exactly() -> None:
    version = card(price_of(price="3", metric="stt_seconds", units_per_increment="60"), step="0.000001")
    (line,) = rated(version, stt_seconds=7).lines
    assert (line.as_json()["quantity"], line.amount) == ("0.116666666667", Decimal("0.350000"))


def test_lines_come_in_the_cards_order() -> None:
    version = card(price_of("b", position=2), price_of("a", position=1), price_of("c", position=3))
    assert [line.component for line in rated(version).lines] == ["a", "b", "c"]
