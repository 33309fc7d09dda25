"""Amounts read as the ledger has them, and in the reader's locale."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import translation
from djmoney.money import Money

from billing.templatetags.money import CREDIT, compact, micro_width, money_parts, money_text, short_text
from organizations.languages import browser_prefers

MINUS, NBSP = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"


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
    assert money_parts(Decimal(amount), currency) == (ink, micro, "")


def test_a_gain_has_its_sign_before_the_symbol() -> None:
    assert money_parts(Decimal(50), "USD", plus=True) == ("+$50.00", "", "")
    assert money_parts(Decimal(0), "USD", plus=True) == ("$0.00", "", "")


def test_digits_are_grouped_as_the_reader_does() -> None:
    with translation.override("ru"):
        assert money_text(Decimal("1234.5"), "USD") == f"1{NBSP}234,50{NBSP}$"
        assert money_text(Decimal("-3.25"), "RUB") == f"{MINUS}3,25{NBSP}₽"
        assert money_parts(Decimal("0.052"), "USD", plus=True) == ("+0,05", "2", f"{NBSP}$")
    with translation.override("hi"):
        assert money_text(Decimal("1234567.5"), "INR") == "₹12,34,567.50"
        assert money_text(Decimal("-1234.5"), "USD") == f"{MINUS}$1,234.50"


def test_credits_are_counted_in_the_languages_own_plurals() -> None:
    with translation.override("ru"):
        words = [money_text(Decimal(count), CREDIT) for count in ("1", "2", "5", "21", "1.5", "1000")]
    assert words == ["1 кредит", "2 кредита", "5 кредитов", "21 кредит", "1,5 кредита", f"1{NBSP}000 кредитов"]
    with translation.override("hi"):
        assert [money_text(Decimal(count), CREDIT) for count in (1, 2)] == ["1 क्रेडिट", "2 क्रेडिट"]


def test_short_amounts_leave_out_empty_decimals_only() -> None:
    assert [short_text(Decimal(amount), "USD") for amount in ("50", "50.5", "1000")] == ["$50", "$50.50", "$1,000"]
    with translation.override("ru"):
        assert short_text(Decimal(1000), "USD") == f"1{NBSP}000{NBSP}$"


def test_a_column_of_amounts_keeps_the_symbol_behind_the_room_for_small_digits() -> None:
    template = Template("{% load money %}{% money a column=True %}|{% money b %}|{% money a %}")
    context = Context({"currency": "USD", "a": Decimal(5), "b": Decimal("0.052")})
    with translation.override("ru"):
        shown = template.render(context)
    assert shown == (f'5,00{NBSP}$<span class="micro"></span>|0,05<span class="micro">2</span>{NBSP}$|5,00{NBSP}$')


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
    with translation.override("ru"):
        assert (compact(3_214_880), compact(999_999)) == (f"3,2{NBSP}млн", f"999{NBSP}999")
    with translation.override("hi"):
        assert (compact(3_214_880), compact(999_999)) == (f"32.1{NBSP}लाख", "9,99,999")


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
    with browser_prefers(header):
        assert money_text(Decimal("1234567.5"), "INR") == ink


def test_a_chosen_language_writes_numbers_its_own_way() -> None:
    with browser_prefers("de"), translation.override("hi"):
        assert money_text(Decimal("1234567.5"), "INR") == "₹12,34,567.50"
    assert money_text(Decimal("1234567.5"), "INR") == "₹1,234,567.50"
