"""Invoices are asked in cents: amounts in millionths become cents that add up. Pure.

An amount of whole cents stays as it is. The others are brought down to the cent together, so that each is less than a
cent from what it was and their sum is the exact sum brought down to the cent. What is left below a cent is not asked
for now: it stays owed and is on the next invoice.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

CENT = Decimal("0.01")


def floored(amount: Decimal) -> Decimal:
    """The amount brought down to the cent."""
    return amount.quantize(CENT, ROUND_FLOOR)


def in_cents(amounts: Sequence[Decimal]) -> list[Decimal]:
    """The amounts in cents, in their order; they add up to `floored` of the sum."""
    found: list[Decimal] = []
    exact = given = Decimal(0)
    for amount in amounts:
        if amount == floored(amount):
            found.append(floored(amount))
            continue
        exact += amount
        found.append(floored(exact) - given)
        given += found[-1]
    return found
