"""Amounts in English words: rupees one lakh eighteen thousand and fifty paise only; ten roubles and five kopecks."""

from __future__ import annotations

from num2words import num2words

# Of one and of many, major and minor.
UNITS = {
    "RUB": (("rouble", "roubles"), ("kopeck", "kopecks")),
    "USD": (("US dollar", "US dollars"), ("cent", "cents")),
    "EUR": (("euro", "euros"), ("cent", "cents")),
    "GBP": (("pound", "pounds"), ("penny", "pence")),
    "CREDIT": (("credit", "credits"), None),
}


def amount(major: int, minor: int, currency: str) -> str:
    """Rupees by lakh and crore, 'only' at the end, as Indian papers have it. Empty for what it has no words for."""
    if currency == "INR":
        paise = f" and {_number(minor, 'en_IN')} {'paisa' if minor == 1 else 'paise'}" if minor else ""
        return f"rupees {_number(major, 'en_IN')}{paise} only"
    if currency not in UNITS:
        return ""
    units, parts = UNITS[currency]
    if minor and parts is None:
        return ""
    words = f"{_number(major, 'en')} {units[major != 1]}"
    return f"{words} and {_number(minor, 'en')} {parts[minor != 1]}" if minor and parts else words


def _number(value: int, language: str) -> str:
    words: str = num2words(value, lang=language)
    return words.replace(",", "")
