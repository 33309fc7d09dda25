"""Amounts read as the ledger has them, and in the reader's locale."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import translation
from djmoney.money import Money

from billing.templatetags.money import compact, micro_width, money_parts, prefer_locale

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("amount", "currency", "ink", "micro"),
    [
        ("142.5", "USD", "$142.50", ""),
        ("0.052", "USD", "$0.05", "2"),
        ("0.000104", "USD", "$0.00", "0104"),
        ("9.999", "USD", "$9.99", "9"),
        ("-3.25", "USD", f"{MINUS}$3.25", ""),
        ("-0.004", "USD", f"{MINUS}$0.00", "4"),
        ("1234567.5", "INR", "₹1,234,567.50", ""),
        ("0", "EUR", "€0.00", ""),
        ("1", "CREDIT", "1 credit", ""),
        ("38", "CREDIT", "38 credits", ""),
        ("-1", "CREDIT", f"{MINUS}1 credit", ""),
    ],
)
def test_nothing_is_rounded_away(amount: str, currency: str, ink: str, micro: str) -> None:
    assert money_parts(Decimal(amount), currency) == (ink, micro)


def test_a_gain_has_its_sign_before_the_symbol() -> None:
    assert money_parts(Decimal(50), "USD", plus=True) == ("+$50.00", "")
    assert money_parts(Decimal(0), "USD", plus=True) == ("$0.00", "")


def test_digits_are_grouped_as_the_reader_does() -> None:
    with translation.override("ru"):
        assert money_parts(Decimal("1234.5"), "USD") == ("$1\N{NO-BREAK SPACE}234,50", "")
    with translation.override("hi"):
        assert money_parts(Decimal("1234567.5"), "INR") == ("₹12,34,567.50", "")


def test_the_tag_takes_the_pages_currency_or_the_amounts_own() -> None:
    template = Template(
        "{% load money %}{% money a %}|{% money b column=True %}|{% money c plus=True %}|{% money none %}"
    )
    context = Context(
        {"currency": "USD", "a": Decimal("0.052"), "b": Decimal(5), "c": Money(2, "CREDIT"), "none": None}
    )
    assert template.render(context) == '$0.05<span class="micro">2</span>|$5.00<span class="micro"></span>|+2 credits|—'


def test_a_column_keeps_room_for_its_longest_amount() -> None:
    assert micro_width([Decimal("1.5"), Decimal("0.052"), Decimal("0.11609")]) == 3
    assert micro_width([]) == 0


def test_large_numbers_are_said_in_short() -> None:
    assert (compact(Decimal(3_214_880)), compact(999_999), compact(0)) == ("3.2M", "999,999", "0")


@pytest.mark.parametrize(
    ("header", "ink"),
    [
        ("en-IN,en;q=0.9", "₹12,34,567.50"),
        ("de", "₹1.234.567,50"),
        ("en-US", "₹1,234,567.50"),
        ("", "₹1,234,567.50"),
        ("*", "₹1,234,567.50"),
        ("xx-nonsense-" + "x" * 500, "₹1,234,567.50"),
        ("../../etc/passwd", "₹1,234,567.50"),
    ],
)
def test_numbers_follow_the_browser_and_words_the_texts(header: str, ink: str) -> None:
    try:
        prefer_locale(header)
        assert money_parts(Decimal("1234567.5"), "INR") == (ink, "")
    finally:
        prefer_locale("")
