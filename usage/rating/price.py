"""From a counted quantity to an amount: price per so many units, prices by volume, one rounding, the minimum.

Arithmetic is exact up to the one rounding of the line: a ratio is rounded from its numerator and divisor, never from
an already rounded quotient. An amount never decreases when the quantity grows.
"""

from __future__ import annotations

from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow

from usage.rating.types import ZERO

EXACT = Context(prec=80, traps=[InvalidOperation, DivisionByZero, Overflow])
TWO = Decimal(2)

DISPLAYED = Decimal("0.000000000001")
"""Prices of one unit are shown with twelve decimals at most."""


def rounded(numerator: Decimal, divisor: Decimal, step: Decimal, mode: str) -> Decimal:
    """numerator / (divisor x step), rounded to a whole number by the mode, times the step. Nothing is negative.

    Modes: half_up, half_even, up, down (`usage.models.Rounding`).
    """
    unit = EXACT.multiply(divisor, step)
    whole, rest = EXACT.divmod(numerator, unit)
    if rest:
        twice = EXACT.multiply(rest, TWO)
        if (
            mode == "up"
            or (mode == "half_up" and twice >= unit)
            or (mode == "half_even" and (twice > unit or (twice == unit and whole % TWO)))
        ):
            whole += 1
    return EXACT.multiply(whole, step)


def priced(units: Decimal, price: Decimal, tiers: tuple[tuple[Decimal, Decimal], ...]) -> Decimal:
    """units x price, where the units above each bound are charged at that bound's price (graduated)."""
    total = ZERO
    floor = ZERO
    for above, next_price in tiers:
        if units <= above:
            break
        total = EXACT.add(total, EXACT.multiply(EXACT.subtract(above, floor), price))
        floor, price = above, next_price
    return EXACT.add(total, EXACT.multiply(EXACT.subtract(units, floor), price))


def quotient(numerator: Decimal, divisor: Decimal) -> Decimal:
    """numerator / divisor for showing: exact where twelve decimals hold it, rounded to them where not."""
    result = EXACT.divide(numerator, divisor)
    return result if result == (short := result.quantize(DISPLAYED, context=EXACT)) else short
