"""Amounts as people read them (DESIGN-LANGUAGE.md, 'Money').

Sign, symbol, two decimals, then in a quieter tone the digits below a cent, as many as the ledger has: nothing is
rounded away. Digits are grouped as the reader's locale does, and the symbol stands last where the language of the
texts puts it there (1 234,50 $). Credits are whole and carry their unit as a word.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from babel import Locale
from babel.numbers import NumberPattern, format_compact_decimal, get_decimal_symbol
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from djmoney.money import Money

from organizations.languages import number_locale

register = template.Library()

CREDIT = "CREDIT"
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "INR": "₹", "RUB": "₽"}
MINUS = "\N{MINUS SIGN}"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
CENT = Decimal("0.01")
MICRO_DIGITS_MAX = 4
COMPACT_FROM = 1_000_000
LONG_FROM = 12  # characters: a million, which as the page's figure would not fit a phone


@lru_cache
def _pattern(locale: Locale, fraction: tuple[int, int]) -> NumberPattern:
    pattern = copy.copy(locale.decimal_formats[None])
    pattern.frac_prec = fraction
    return pattern


@lru_cache
def _symbol_is_last(language: str) -> bool:
    """Whether the language writes a currency's symbol behind the number (CLDR)."""
    return bool(language) and Locale.parse(language, sep="-").currency_formats["standard"].pattern.endswith("¤")


def decimal_mark() -> str:
    """What the reader writes between units and decimals."""
    return str(get_decimal_symbol(number_locale()))


def number(value: Decimal | int, *, least: int = 0, most: int = 0) -> str:
    """A number with the locale's separators and between `least` and `most` decimals."""
    locale = number_locale()
    return str(_pattern(locale, (least, most)).apply(Decimal(value), locale))


def amount_of(value: Money | Decimal | int | str, currency: str) -> tuple[Decimal, str]:
    """The number and the currency of a `Money`, or of a bare amount in `currency`."""
    if isinstance(value, Money):
        return value.amount, str(value.currency)
    return Decimal(value), currency


def micro_of(amount: Decimal) -> str:
    """The digits below a cent, without trailing zeros: `2` of 0.052."""
    digits = f"{abs(amount):.6f}"
    return digits[digits.index(".") + 3 :].rstrip("0")


def sign_of(amount: Decimal, *, plus: bool) -> str:
    """U+2212 for a negative amount, a plus where one is wanted."""
    if amount < 0:
        return MINUS
    return "+" if plus and amount > 0 else ""


def countable(value: Decimal) -> int:
    """The number that chooses a plural's form; a fraction takes that of a few, as in 1.5 credits."""
    return int(value) if value == value.to_integral_value() else 2


class MoneyParts(NamedTuple):
    """An amount's words: `ink`, then quieter the digits below a cent, then what follows the digits."""

    ink: str
    micro: str = ""
    after: str = ""


def money_parts(amount: Decimal, currency: str, *, plus: bool = False, cents: bool = True) -> MoneyParts:
    """What stands in ink, what stands quieter behind it, and the symbol where the language puts it last.

    Without `cents`, a whole amount is written without decimals.
    """
    size = abs(amount)
    sign = sign_of(amount, plus=plus)
    if currency == CREDIT:
        words = ngettext("%(count)s credit", "%(count)s credits", countable(size))
        return MoneyParts(sign + words % {"count": number(size, most=6)})
    decimals = 2 if cents or size != size.to_integral_value() else 0
    digits = number(size.quantize(CENT, ROUND_DOWN), least=decimals, most=decimals)
    symbol = SYMBOLS.get(currency, currency)
    if _symbol_is_last(get_language() or ""):
        return MoneyParts(f"{sign}{digits}", micro_of(amount), f"{NO_BREAK_SPACE}{symbol}")
    space = NO_BREAK_SPACE if symbol == currency else ""
    return MoneyParts(f"{sign}{symbol}{space}{digits}", micro_of(amount))


def money_text(amount: Decimal, currency: str, *, plus: bool = False) -> str:
    """An amount in one string, for labels and running text."""
    return "".join(money_parts(amount, currency, plus=plus))


def short_text(amount: Decimal, currency: str) -> str:
    """An amount in as few characters as it takes: $50, or 200 credits."""
    return "".join(money_parts(amount, currency, cents=False))


def _markup(parts: MoneyParts, *, column: bool = False) -> SafeString:
    """`column` keeps room for digits below a cent where there are none; a figure of a long amount is smaller."""
    ink = format_html('<span class="long">{}</span>', parts.ink) if len(parts.ink) >= LONG_FROM else parts.ink
    if parts.micro:
        return format_html('{}<span class="micro">{}</span>{}', ink, parts.micro, parts.after)
    if column:
        return format_html('{}{}<span class="micro"></span>', ink, parts.after)
    return format_html("{}{}", ink, parts.after)


def rounded_text(amount: Decimal, currency: str) -> str:
    """An amount to the cent, for averages and forecasts, which no ledger row has to agree with."""
    return money_text(amount if currency == CREDIT else amount.quantize(CENT), currency)


def micro_width(amounts: Iterable[Decimal]) -> int:
    """Digits below a cent that a column must keep room for, at most four."""
    return min(max((len(micro_of(amount)) for amount in amounts), default=0), MICRO_DIGITS_MAX)


@register.simple_tag(takes_context=True)
def money(
    context: dict[str, Any], value: Money | Decimal | None, *, plus: bool = False, column: bool = False
) -> SafeString:
    """An amount in the page's currency. `plus` signs gains; `column` keeps the cents of a column in one line."""
    if value is None:
        return mark_safe("—")
    amount, currency = amount_of(value, context.get("currency", ""))
    return _markup(money_parts(amount, currency, plus=plus), column=column and currency != CREDIT)


@register.simple_tag(takes_context=True)
def money_plain(context: dict[str, Any], value: Money | Decimal, *, plus: bool = False) -> str:
    """An amount without markup, for attributes and sentences."""
    return money_text(*amount_of(value, context.get("currency", "")), plus=plus)


@register.simple_tag
def price(value: Money | Decimal | None, currency: str = "", *, plus: bool = False) -> SafeString:
    """An amount of money in a currency that need not be the page's: what credits cost, what a provider takes."""
    if value is None:
        return mark_safe("—")
    return _markup(money_parts(*amount_of(value, currency), plus=plus))


@register.simple_tag
def price_plain(value: Money | Decimal | None, currency: str = "") -> str:
    """As `price`, without markup."""
    return "" if value in (None, "") else money_text(*amount_of(value, currency))


@register.simple_tag(takes_context=True)
def money_rounded(context: dict[str, Any], value: Money | Decimal) -> str:
    """An amount to the cent: an average or a forecast."""
    return rounded_text(*amount_of(value, context.get("currency", "")))


@register.filter
def grouped(value: Decimal | int) -> str:
    """A whole number with the locale's separators."""
    return number(Decimal(value))


@register.filter
def percentage(value: Decimal | str) -> str:
    """A share in hundredths with the locale's separators and all its decimals: 8.875."""
    return number(Decimal(value), most=4)


@register.filter
def compact(value: Decimal | int) -> str:
    """A large number in short: 3.2M."""
    size = Decimal(value)
    if size < COMPACT_FROM:
        return number(size)
    return str(format_compact_decimal(size, locale=number_locale(), fraction_digits=1))


@register.simple_tag(takes_context=True)
def money_average(context: dict[str, Any], value: Decimal) -> SafeString:
    """An average: to the cent, or to a tenth of it where it is small."""
    currency = context.get("currency", "")
    if currency == CREDIT:
        return format_html("{}", money_text(value.quantize(CENT).normalize(), currency))
    return money(context, value.quantize(Decimal("0.001") if abs(value) < 1 else CENT))
