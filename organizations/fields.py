"""Column types that every app shares.

An amount is `numeric(20,6)`; all amounts of a row share the row's one `currency` column, so that a row cannot mix
currencies. NaN, which PostgreSQL takes past `CHECK (x > 0)`, is refused by `not_nan`.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from djmoney.models.fields import MoneyField

CURRENCY_LENGTH = 6
AMOUNT_DECIMALS = 6


def currency_field(**kwargs: Any) -> models.CharField[str, str]:
    """The row's currency: an ISO 4217 code, or CREDIT for products that sell calls as credits."""
    return models.CharField(max_length=CURRENCY_LENGTH, editable=False, **kwargs)


def amount_field(verbose_name: str = "", *, currency: str = "currency", **kwargs: Any) -> MoneyField:
    """A `Money` in the currency of the row's column `currency`, stored as numeric(20,6)."""
    return MoneyField(
        verbose_name or None,
        max_digits=20,
        decimal_places=AMOUNT_DECIMALS,
        currency_field_name=currency,
        default_currency=None,
        **kwargs,
    )


def not_nan(*columns: str, digits: int = 14) -> models.Q:
    """A CHECK that none of the columns, with so many digits before the point, is NaN.

    NaN sorts above every number in PostgreSQL, Infinity included.
    """
    check = models.Q()
    for column in columns:
        check &= models.Q(**{f"{column}__lt": 10**digits})
    return check
