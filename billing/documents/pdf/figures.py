"""Numbers, amounts and dates as the document's readers write them.

English is that of the issuer's country where it differs: $1,234.50 and November 21, 2026 in the United States,
₹1,00,000.00 in India, 21 November 2026 elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_interval
from babel.numbers import format_currency, format_decimal
from django.utils.translation import ngettext

CREDIT = "CREDIT"
LETTER_BEFORE_DIGIT = re.compile(r"(?<=[A-Z])(?=\d)")
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
ENGLISH = {"US": "en_US", "IN": "en_IN"}
LOCALES = {"ru": "ru_RU", "hi": "hi_IN"}


@dataclass(frozen=True, slots=True)
class Figures:
    """How one document writes figures: every digit of an amount that the ledger has, never fewer than two decimals."""

    locale: Locale
    currency: str

    def amount(self, value: Decimal, currency: str = "") -> str:
        """An amount with its sign and symbol."""
        currency = currency or self.currency
        if currency == CREDIT:
            count = int(value) if value == value.to_integral_value() else 2
            text = ngettext("%(count)s credit", "%(count)s credits", count) % {"count": self.number(value)}
        else:
            plain = value.quantize(Decimal("0.01")) if value == value.quantize(Decimal("0.01")) else value.normalize()
            text = format_currency(plain, currency, locale=self.locale, decimal_quantization=False)
            text = LETTER_BEFORE_DIGIT.sub(NO_BREAK_SPACE, text)
        return text.replace("-", MINUS)

    def number(self, value: Decimal) -> str:
        """A number with all its decimals, without trailing zeros."""
        text: str = format_decimal(value.normalize(), locale=self.locale, decimal_quantization=False)
        return text.replace("-", MINUS)

    def percent(self, value: Decimal) -> str:
        """A rate: 20%, 8.875%, 20 % where the language puts a space."""
        sign = "\N{NO-BREAK SPACE}%" if self.locale.language == "ru" else "%"
        return self.number(value) + sign

    def day(self, value: date) -> str:
        """A date in full."""
        return format_date(value, "long", locale=self.locale)

    def days(self, first: date, last: date) -> str:
        """From the first day to the last."""
        return format_interval(first, last, "yMMMd", locale=self.locale)

    def short(self, value: date) -> str:
        """A date in as little room as it takes."""
        return format_date(value, "medium", locale=self.locale)


def figures_for(*, language: str, country: str, currency: str) -> Figures:
    """The figures of a document in this language by an issuer in this country."""
    return Figures(Locale.parse(LOCALES.get(language) or ENGLISH.get(country, "en_GB")), currency)
