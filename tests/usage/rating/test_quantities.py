"""Counting: increments, included quantities, the cap that opens overage, flags."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.usage.rating.cards import amounts, card, facts, price_of, rated
from usage.rating.quantity import counted, unit_of


@pytest.mark.parametrize(
    ("first", "step", "seconds", "expected"),
    [
        ("0", "60", "0", "0"),
        ("0", "60", "0.001", "60"),
        ("0", "60", "60", "60"),
        ("0", "60", "61", "120"),
        ("60", "6", "1", "60"),
        ("60", "6", "60", "60"),
        ("60", "6", "60.5", "66"),
        ("60", "6", "66", "66"),
        ("60", "6", "67", "72"),
        ("0", "1", "7.2", "8"),
        ("30", "0", "12", "30"),
        ("30", "0", "31.5", "31.5"),
        ("0", "0", "7.25", "7.25"),
    ],
)
def test_begun_increments_count_in_full(first: str, step: str, seconds: str, expected: str) -> None:
    rate = price_of(metric="duration_seconds", first_increment=first, increment=step)
    assert counted(rate, facts(duration_seconds=Decimal(seconds))) == Decimal(expected)


def test_a_started_minute_is_charged_as_one_minute() -> None:
    per_minute = card(price_of(price="0.10", metric="duration_seconds", increment="60", units_per_increment="60"))
    (line,) = rated(per_minute, duration_seconds=121).lines
    assert (line.quantity, line.amount) == (Decimal(3), Decimal("0.300"))
    assert (line.measured, line.measured_unit) == (Decimal(121), "second")


def test_what_is_included_is_not_charged_and_is_recorded() -> None:
    version = card(price_of(price="0.01", metric="duration_seconds", included="100"))
    assert rated(version, duration_seconds=100).lines == ()
    (line,) = rated(version, duration_seconds=101).lines
    assert (line.quantity, line.amount, line.measured, line.included) == (
        Decimal(1),
        Decimal("0.010"),
        Decimal(101),
        Decimal(100),
    )
    assert line.as_json()["included"] == "100"


@pytest.mark.parametrize(("cap", "charged"), [(None, False), (300, False), (301, True)])
def test_overage_needs_a_cap_above_what_is_included(cap: int | None, charged: bool) -> None:
    version = card(price_of(price="1", metric="duration_seconds", included="300", cap_field="duration_cap_seconds"))
    data: dict[str, Any] = {"duration_seconds": 310} | ({} if cap is None else {"duration_cap_seconds": cap})
    assert bool(rated(version, **data).lines) is charged


def test_a_flag_counts_one_when_it_is_set() -> None:
    version = card(price_of(metric="analytics", price="0.002"))
    assert amounts(rated(version, analytics=True)) == {"call": Decimal("0.002")}
    assert rated(version, analytics=False).lines == ()
    assert rated(version).lines == ()


def test_several_metrics_are_summed() -> None:
    version = card(price_of(metric="llm_input_tokens+llm_output_tokens", price="1", per="1000"))
    (line,) = rated(version, llm_input_tokens=1500, llm_output_tokens=500).lines
    assert (line.quantity, line.amount) == (Decimal(2000), Decimal(2))


def test_units_are_named_after_the_metric() -> None:
    assert [unit_of(name) for name in ("duration_seconds", "llm_input_tokens", "pages")] == ["second", "token", "page"]
