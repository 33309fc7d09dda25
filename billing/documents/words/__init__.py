"""Amounts in words, as papers in Russia and India close with them, so that a figure cannot be added to.

Roubles and the like are in words, kopecks in figures, as Russian papers have it; rupees and paise both in words, by
lakh and crore. Words of numbers are the library's where it has them right (`num2words`: Russian, English) and ours for
Hindi, which it lacks.
"""

from __future__ import annotations

from decimal import Decimal

from billing.documents.words import english, hindi, russian

LANGUAGES = {"en": english.amount, "hi": hindi.amount, "ru": russian.amount}
CENT = Decimal("0.01")
MOST = Decimal(10) ** 12


def amount_in_words(amount: Decimal, currency: str, language: str) -> str:
    """The amount in words, of zero or more: a sentence without its full stop.

    Empty where words would not say the whole of it (a fraction of a cent or of a credit) or there are none for the
    language or the currency.
    """
    write = LANGUAGES.get(language)
    if write is None or not 0 <= amount < MOST or amount != amount.quantize(CENT):
        return ""
    major = int(amount)
    words = write(major, int((amount - major) * 100), currency)
    return words[:1].upper() + words[1:]
