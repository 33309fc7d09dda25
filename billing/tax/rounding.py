"""Amounts of tax: each rate rounded once, half up, to the cent; what is due is their sum."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """An amount of money, rounded half up to two decimals."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def tax_on(net: Decimal, percent: Decimal) -> Decimal:
    """What a rate comes to on `net`, in money."""
    return cents(net * percent / 100)
