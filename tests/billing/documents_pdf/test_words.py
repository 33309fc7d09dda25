"""Amounts in words: gender and number, lakh and crore, and nothing where words would not say the whole."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing.documents.words import amount_in_words
from billing.documents.words.hindi import NUMBERS, number


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "Ноль рублей 00 копеек"),
        ("1.01", "Один рубль 01 копейка"),
        ("2.02", "Два рубля 02 копейки"),
        ("5.05", "Пять рублей 05 копеек"),
        ("11.11", "Одиннадцать рублей 11 копеек"),
        ("21.21", "Двадцать один рубль 21 копейка"),
        ("112.14", "Сто двенадцать рублей 14 копеек"),
        ("1000", "Одна тысяча рублей 00 копеек"),
        ("2001", "Две тысячи один рубль 00 копеек"),
        ("1000000", "Один миллион рублей 00 копеек"),
        ("999999999999.99", "Девятьсот девяносто девять миллиардов девятьсот девяносто девять миллионов "
         "девятьсот девяносто девять тысяч девятьсот девяносто девять рублей 99 копеек"),
    ],
)  # fmt: skip
def test_roubles_in_russian(amount: str, words: str) -> None:
    assert amount_in_words(Decimal(amount), "RUB", "ru") == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("1", "Одна индийская рупия 00 пайс"),
        ("22", "Двадцать две индийские рупии 00 пайс"),
        ("2000001", "Два миллиона одна индийская рупия 00 пайс"),
    ],
)
def test_a_feminine_unit_in_russian(amount: str, words: str) -> None:
    assert amount_in_words(Decimal(amount), "INR", "ru") == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "Rupees zero only"),
        ("0.01", "Rupees zero and one paisa only"),
        ("21.50", "Rupees twenty-one and fifty paise only"),
        ("100000", "Rupees one lakh only"),
        ("10000000", "Rupees one crore only"),
        ("1234567.05", "Rupees twelve lakh thirty-four thousand five hundred and sixty-seven and five paise only"),
    ],
)
def test_rupees_in_english(amount: str, words: str) -> None:
    assert amount_in_words(Decimal(amount), "INR", "en") == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "शून्य रुपये मात्र"),
        ("1.01", "एक रुपया एक पैसा मात्र"),
        ("29.50", "उनतीस रुपये पचास पैसे मात्र"),
        ("1000", "एक हज़ार रुपये मात्र"),
        ("118000", "एक लाख अठारह हज़ार रुपये मात्र"),
        ("12345678", "एक करोड़ तेईस लाख पैंतालीस हज़ार छह सौ अठहत्तर रुपये मात्र"),
    ],
)
def test_rupees_in_hindi(amount: str, words: str) -> None:
    assert amount_in_words(Decimal(amount), "INR", "hi") == words


def test_hindi_has_a_word_for_each_number_below_a_hundred() -> None:
    assert (len(NUMBERS), len(set(NUMBERS))) == (100, 100)
    tens = ["दस", "बीस", "तीस", "चालीस", "पचास", "साठ", "सत्तर", "अस्सी", "नब्बे"]
    assert [number(ten) for ten in range(10, 100, 10)] == tens


def test_other_currencies_and_credits() -> None:
    assert amount_in_words(Decimal("1.01"), "USD", "en") == "One US dollar and one cent"
    assert amount_in_words(Decimal(22), "CREDIT", "ru") == "Двадцать два кредита"


@pytest.mark.parametrize(
    ("amount", "currency", "language"),
    [("0.001", "RUB", "ru"), ("0.5", "CREDIT", "ru"), ("1", "JPY", "ru"), ("1", "RUB", "de"), ("-1", "RUB", "ru")],
)
def test_nothing_where_words_would_not_say_the_whole(amount: str, currency: str, language: str) -> None:
    assert amount_in_words(Decimal(amount), currency, language) == ""
