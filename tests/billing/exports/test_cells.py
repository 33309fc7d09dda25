"""Cells: never a formula, and the text comes back whole."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.services.exports.cells import FORMULA_STARTS, escaped, unescaped
from billing.services.exports.movements import _two_columns

AMOUNTS = st.decimals(min_value=-(10**13), max_value=10**13, places=6, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert escaped(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"


def test_other_text_stays_as_it_is() -> None:
    assert [escaped(text) for text in ("", "Reversal of no. 2", "a=b", "Звонок", "15")] == [
        *("", "Reversal of no. 2", "a=b", "Звонок", "15")
    ]


@given(st.text())
def test_every_text_comes_back_and_none_begins_a_formula(text: str) -> None:
    cell = escaped(text)
    assert unescaped(cell) == text
    assert not cell.startswith(FORMULA_STARTS)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_every_text_survives_the_file(text: str) -> None:
    written = io.StringIO(newline="")
    csv.writer(written).writerow([escaped(text), "end"])
    (row,) = csv.reader(io.StringIO(written.getvalue(), newline=""), strict=True)
    assert [unescaped(row[0]), row[1]] == [text, "end"]


@given(AMOUNTS)
def test_an_amount_comes_back_from_its_two_columns(amount: Decimal) -> None:
    credit, debit = _two_columns(amount)
    assert Decimal(credit) - Decimal(debit) == amount
    assert not credit.startswith("-") and not debit.startswith("-")
    assert Decimal(0) in (Decimal(credit), Decimal(debit))
