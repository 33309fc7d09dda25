"""Amounts in Russian words: двенадцать тысяч двести рублей 05 копеек."""

from __future__ import annotations

from dataclasses import dataclass

from num2words import num2words

Forms = tuple[str, str, str]
"""Of one, of two to four, of five and more."""


@dataclass(frozen=True, slots=True)
class _Unit:
    major: Forms
    minor: Forms | None
    gender: str = "m"


UNITS = {
    "RUB": _Unit(("рубль", "рубля", "рублей"), ("копейка", "копейки", "копеек")),
    "USD": _Unit(("доллар США", "доллара США", "долларов США"), ("цент", "цента", "центов")),
    "EUR": _Unit(("евро", "евро", "евро"), ("цент", "цента", "центов")),
    "INR": _Unit(("индийская рупия", "индийские рупии", "индийских рупий"), ("пайса", "пайсы", "пайс"), "f"),
    "GBP": _Unit(("фунт стерлингов", "фунта стерлингов", "фунтов стерлингов"), ("пенс", "пенса", "пенсов")),
    "CREDIT": _Unit(("кредит", "кредита", "кредитов"), None),
}


def amount(major: int, minor: int, currency: str) -> str:
    """The amount with its units declined; hundredths in figures, two of them. Empty for what it has no words for."""
    unit = UNITS.get(currency)
    if unit is None or (minor and unit.minor is None):
        return ""
    words = f"{_number(major, unit.gender)} {_declined(major, unit.major)}"
    return f"{words} {minor:02d} {_declined(minor, unit.minor)}" if unit.minor else words


def _number(value: int, gender: str) -> str:
    """The unit's gender is that of the last three digits: the library gives it to millions too."""
    above, last = value - value % 1000, value % 1000
    parts = [num2words(above, lang="ru")] if above else []
    if last or not above:
        parts.append(num2words(last, lang="ru", gender=gender))
    return " ".join(parts)


def _declined(number: int, forms: Forms) -> str:
    if number % 100 in range(11, 15):
        return forms[2]
    return forms[0] if number % 10 == 1 else forms[1] if number % 10 in (2, 3, 4) else forms[2]
