"""Lines of a charge in units that a person can multiply."""

from __future__ import annotations

from decimal import Decimal

import pytest

from usage.views.charge_lines import charge_lines

TIMES = "\N{MULTIPLICATION SIGN}"


def line(**fields: str) -> dict[str, str]:
    return {"component": "x", "label": "X", "quantity": "1", "unit": "call", "price": "1", "per": "1", **fields}


def shown(stored: dict[str, str], method: str = "unit") -> tuple[str, str, str]:
    (found,) = charge_lines([stored], methods={"x": method}, currency="USD", shows_costs=True)
    return found.quantity, found.price, found.note


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (
            line(quantity="2340", unit="token", price="0.005", per="1000", amount="0.012"),
            ("2,340 tokens", f"{TIMES} $0.005 / 1K", ""),
        ),
        (
            line(quantity="1000000", unit="token", price="0.50", per="1000000", amount="0.5"),
            ("1,000,000 tokens", f"{TIMES} $0.50 / 1M", ""),
        ),
        (
            line(quantity="90", unit="second", price="0.006", per="60", amount="0.009"),
            ("1.5 min", f"{TIMES} $0.006", ""),
        ),
        (
            line(quantity="1.5", unit="minute", price="0.006", measured="90", measured_unit="second", amount="0.009"),
            ("1.5 min", f"{TIMES} $0.006", ""),
        ),
        (
            line(
                quantity="0.783333333333",
                unit="minute",
                price="0.003",
                measured="47",
                measured_unit="second",
                amount="0.002",
            ),
            ("47 s", f"{TIMES} $0.003 / min", ""),
        ),
        (
            line(quantity="3700.5", unit="second", price="1.00", per="3600", amount="1.027917"),
            ("61 min 40.5 s", f"{TIMES} $1.00 / h", ""),
        ),
        (
            line(quantity="90", unit="second", price="0.0001", amount="0.009"),
            ("90 s", f"{TIMES} $0.0001", ""),
        ),
        (
            line(quantity="700", unit="second", price="1.00", per="3600", amount="0.194444"),
            ("11 min 40 s", f"{TIMES} $1.00 / h", ""),
        ),
        (
            line(
                quantity="3",
                unit="minute",
                price="0.12",
                measured="440",
                measured_unit="second",
                included="300",
                amount="0.36",
            ),
            ("3 min", f"{TIMES} $0.12", "7 min 20 s in all, the first 5 min are included, counted in whole steps"),
        ),
        (
            line(quantity="1", unit="call", price="0.01", minimum="0.05", amount="0.05"),
            ("1 call", f"{TIMES} $0.01", "at least $0.05"),
        ),
    ],
)
def test_a_line_reads_as_it_was_counted(stored: dict[str, str], expected: tuple[str, str, str]) -> None:
    assert shown(stored) == expected


def test_a_provider_cost_has_a_price_only_where_it_divides() -> None:
    even = line(measured="1250", measured_unit="token", amount="0.005")
    odd = line(measured="1890", measured_unit="token", amount="0.0112")
    assert shown(even, "cost") == ("1,250 tokens", f"{TIMES} $0.004 / 1K", "")
    assert shown(odd, "cost") == ("1,890 tokens", "as billed", "")
    assert shown(line(amount="0.0112"), "cost") == ("", "as billed", "")


def test_hidden_costs_and_margin_are_one_line_beside_what_is_priced_openly() -> None:
    stored = [
        line(component="llm", amount="0.04"),
        line(component="margin", unit="cost", quantity="0.04", price="0.3", amount="0.012"),
        line(component="fee", label="Fee", price="0.5", amount="0.5"),
    ]
    methods = {"llm": "cost", "margin": "margin", "fee": "unit"}
    found = charge_lines(stored, methods=methods, currency="USD", shows_costs=False)
    assert [(each.label, each.amount) for each in found] == [("Fee", Decimal("0.5")), ("Usage", Decimal("0.052"))]
