"""Amounts as people type them, and as fields show them."""

from __future__ import annotations

import re
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from billing.templatetags.money import CREDIT, SYMBOLS, decimal_mark

BLANKS = re.compile(r"[\s\u00a0\u202f'_]+")
GROUPED = re.compile(r"[1-9][0-9]{0,2}(,[0-9]{2,3})*,[0-9]{3}")  # 0,005 groups nothing
GROUPED_TWICE = re.compile(r"[0-9]{1,3}(,[0-9]{2,3})+,[0-9]{3}")
PLAIN = re.compile(r"[0-9]{1,14}(\.[0-9]{0,6})?|\.[0-9]{1,6}")


def typed_amount(text: str, *, field: str = "amount") -> Decimal:
    """The amount in a field: 1,000.50 and 1.000,50, $50 and 50,00 are understood.

    A comma before exactly three digits groups thousands, unless the reader's own decimals begin with one; any other
    comma is a decimal one. Raises ValidationError for what is no positive number.
    """
    digits = _plain(text)
    if not digits:
        raise ValidationError({field: _("Enter an amount.")})
    if not PLAIN.fullmatch(digits):
        raise ValidationError({field: _("Not an amount. Write it as 50 or 50.00.")})
    amount = Decimal(digits)
    if amount <= 0:
        raise ValidationError({field: _("Enter an amount above zero.")})
    return amount


def typed_quantity(text: str, *, field: str) -> Decimal:
    """A number that need not be money and may be zero, read as `typed_amount` reads. Raises ValidationError."""
    digits = _plain(text)
    if not PLAIN.fullmatch(digits):
        raise ValidationError({field: _("Not a number. Write it as 1500 or 1.5.")})
    return Decimal(digits)


def _plain(text: str) -> str:
    """What was typed, with at most a decimal point between its digits."""
    digits = BLANKS.sub("", text)
    for symbol in SYMBOLS.values():
        digits = digits.removeprefix(symbol).removesuffix(symbol)
    if "," in digits and "." in digits:
        grouping = "," if digits.rindex(".") > digits.rindex(",") else "."
        digits = digits.replace(grouping, "").replace(",", ".")
    elif (GROUPED_TWICE if decimal_mark() == "," else GROUPED).fullmatch(digits):
        digits = digits.replace(",", "")
    elif digits.count(",") == 1:
        digits = digits.replace(",", ".")
    return digits


def optional_amount(text: str, *, field: str) -> Decimal | None:
    """As `typed_amount`; None for an empty field."""
    return typed_amount(text, field=field) if text.strip() else None


def field_amount(amount: Decimal | None, currency: str) -> str:
    """What stands in an amount's field: 50.00, or 200 for credits, with the reader's decimal mark; empty for None."""
    if amount is None:
        return ""
    if currency == CREDIT:
        return f"{amount.normalize():f}"
    digits = f"{amount:.2f}" if amount == amount.quantize(Decimal("0.01")) else f"{amount.normalize():f}"
    return digits.replace(".", decimal_mark())


def field_quantity(quantity: Decimal) -> str:
    """What stands in a field of a number that is not money: 1.5, with the reader's decimal mark."""
    return f"{quantity.normalize():f}".replace(".", decimal_mark())
