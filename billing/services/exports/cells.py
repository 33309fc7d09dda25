"""Texts in CSV cells that no spreadsheet takes for a formula, and back again without loss. Pure.

A spreadsheet runs text that starts with = + - @, their wide forms or a tab: such text gets an apostrophe in front, and
so does text that starts with one, so that taking the first apostrophe away always gives the text back.
"""

from __future__ import annotations

QUOTE = "'"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
BYTE_ORDER_MARK = "\ufeff"  # by which spreadsheets know UTF-8
_ESCAPED = (QUOTE, *FORMULA_STARTS)


def escaped(text: str) -> str:
    """The text as a cell."""
    return f"{QUOTE}{text}" if text.startswith(_ESCAPED) else text


def unescaped(cell: str) -> str:
    """The text that `escaped` made the cell of."""
    return cell.removeprefix(QUOTE)
