"""Dividing what is stated to the cent, so that the parts always come to the whole. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from billing.documents.content import Tax

CENT = Decimal("0.01")
ZERO = Decimal(0)


def shared(whole: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`whole` divided by weights of zero and more, each part in cents.

    Rounded half up as they add up, so that no part is off by a cent and the last takes the exact rest. Raises
    ValueError where nothing weighs anything but there is something to divide.
    """
    total = sum(weights, ZERO)
    if total <= 0:
        if whole:
            raise ValueError(f"{whole} cannot be divided among nothing.")
        return [ZERO for _ in weights]
    parts, given, upto = [], ZERO, ZERO
    for weight in weights:
        upto += weight
        now = whole if upto == total else (whole * upto / total).quantize(CENT, ROUND_HALF_UP)
        parts.append(now - given)
        given = now
    return parts


def capped(parts: Sequence[Decimal], limits: Sequence[Decimal]) -> list[Decimal]:
    """The same in sum, no part beyond its limit: what is too much goes to the next ones, then to those before."""
    given, over = [], ZERO
    for part, limit in zip(parts, limits, strict=True):
        now = min(part + over, limit)
        over += part - now
        given.append(now)
    for place, limit in enumerate(limits):
        more = min(over, limit - given[place])
        given[place] += more
        over -= more
    return given


def taxes_of(lines: Sequence[dict[str, str]], *, tax: Decimal, base: Decimal) -> tuple[Tax, ...]:
    """The taxes that `tax` consists of, on `base`, in the proportion of stored tax lines: name, percent and amount.

    A rate of zero stays a line of its own: reverse charge and export are stated, too.
    """
    amounts = shared(tax, [Decimal(line["amount"]) for line in lines])
    return tuple(
        Tax(line["name"], Decimal(line["percent"]), base, amount) for line, amount in zip(lines, amounts, strict=True)
    )
