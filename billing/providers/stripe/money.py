"""Stripe counts in the smallest unit of a currency: cents, or yen where there is nothing smaller."""

from __future__ import annotations

from decimal import Decimal

from billing.providers.base import ProviderError

WITHOUT_CENTS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
)


def minor(amount: Decimal, currency: str) -> int:
    """An amount in smallest units. Raises ProviderError for one that is finer than they are."""
    units = amount if currency.upper() in WITHOUT_CENTS else amount * 100
    if units != units.to_integral_value():
        raise ProviderError(f"{amount} {currency} is finer than Stripe counts.")
    return int(units)


def major(units: int, currency: str) -> Decimal:
    """Smallest units as an amount."""
    return Decimal(units) if currency.upper() in WITHOUT_CENTS else Decimal(units).scaleb(-2)
