"""Amounts as people read them (DESIGN-LANGUAGE.md, 'Money').

Sign, symbol, two decimals, then in a quieter tone the digits below a cent, as many as the ledger has: nothing is
rounded away. Digits are grouped as the reader's locale does. Credits are whole and carry their unit as a word.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from contextvars import ContextVar
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.numbers import NumberPattern
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from djmoney.money import Money

register = template.Library()

CREDIT = "CREDIT"
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "INR": "₹", "RUB": "₽"}
MINUS = "\N{MINUS SIGN}"
CENT = Decimal("0.01")
MICRO_DIGITS_MAX = 4


_preferred: ContextVar[str] = ContextVar("preferred locale", default="")


def prefer_locale(accept_language: str) -> None:
    """Write numbers from here on as the reader's browser prefers, whatever language the texts are in.

    An Indian reader of English texts reads 12,34,567. Holds for the request, whose page sets it first of all.
    """
    first = re.match(r"[A-Za-z]{2,3}(-[A-Za-z]{2,4}){0,2}(?=$|[,; ])", accept_language)
    _preferred.set(first[0] if first else "")


@lru_cache
def reader_locale(language: str | None) -> Locale:
    """The locale that belongs to a language code; English where there is none."""
    try:
        return Locale.parse(language or "en", sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


@lru_cache
def _pattern(locale: Locale, fraction: tuple[int, int]) -> NumberPattern:
    pattern = copy.copy(locale.decimal_formats[None])
    pattern.frac_prec = fraction
    return pattern


def number(value: Decimal | int, *, least: int = 0, most: int = 0) -> str:
    """A number with the locale's separators and between `least` and `most` decimals."""
    locale = reader_locale(_preferred.get() or get_language())
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


def money_parts(amount: Decimal, currency: str, *, plus: bool = False) -> tuple[str, str]:
    """What stands in ink and what stands quieter behind it."""
    size = abs(amount)
    sign = sign_of(amount, plus=plus)
    if currency == CREDIT:
        whole = number(size, most=6)
        unit = ngettext("credit", "credits", 1 if size == 1 else 2)
        return f"{sign}{whole} {unit}", ""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{sign}{symbol}{number(size.quantize(CENT, ROUND_DOWN), least=2, most=2)}", micro_of(amount)


def money_text(amount: Decimal, currency: str, *, plus: bool = False) -> str:
    """An amount in one string, for labels and running text."""
    return "".join(money_parts(amount, currency, plus=plus))


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
    ink, micro = money_parts(amount, currency, plus=plus)
    if micro or (column and currency != CREDIT):
        return format_html('{}<span class="micro">{}</span>', ink, micro)
    return format_html("{}", ink)


@register.simple_tag(takes_context=True)
def money_plain(context: dict[str, Any], value: Money | Decimal, *, plus: bool = False) -> str:
    """An amount without markup, for attributes and sentences."""
    return money_text(*amount_of(value, context.get("currency", "")), plus=plus)


@register.simple_tag
def price(value: Money | Decimal | None, currency: str = "", *, plus: bool = False) -> SafeString:
    """An amount of money in a currency that need not be the page's: what credits cost, what a provider takes."""
    if value is None:
        return mark_safe("—")
    ink, micro = money_parts(*amount_of(value, currency), plus=plus)
    return format_html('{}<span class="micro">{}</span>', ink, micro) if micro else format_html("{}", ink)


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
def compact(value: Decimal | int) -> str:
    """A large number in short: 3.2M."""
    size = Decimal(value)
    for limit, letter in ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M")):
        if size >= limit:
            return f"{number(size / limit, most=1)}{letter}"
    return number(size)


@register.simple_tag(takes_context=True)
def money_average(context: dict[str, Any], value: Decimal) -> SafeString:
    """An average: to the cent, or to a tenth of it where it is small."""
    currency = context.get("currency", "")
    if currency == CREDIT:
        return format_html("{}", ngettext("%s credit", "%s credits", 2) % number(value, most=2))
    return money(context, value.quantize(Decimal("0.001") if abs(value) < 1 else CENT))
