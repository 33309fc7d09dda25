"""Parts to the cent that always come to the whole."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.documents.content import Tax
from billing.services.documents.shares import capped, shared, taxes_of

cents = st.integers(0, 10**7).map(lambda amount: D(amount) / 100)
weights = st.lists(st.integers(0, 10**6).map(lambda weight: D(weight) / 1000), min_size=1, max_size=8)


@given(cents, weights)
def test_parts_come_to_the_whole_and_none_is_off_by_a_cent(whole: D, parts: list[D]) -> None:
    total = sum(parts)
    if not total:
        return
    found = shared(whole, parts)
    assert sum(found) == whole
    assert all(abs(part - whole * weight / total) <= D("0.01") for part, weight in zip(found, parts, strict=True))


def test_nothing_can_be_divided_among_nothing_but_nothing() -> None:
    assert shared(D(0), [D(0), D(0)]) == [D(0), D(0)]
    with pytest.raises(ValueError, match="cannot be divided"):
        shared(D(1), [D(0)])


@pytest.mark.parametrize(
    ("parts", "limits", "found"),
    [
        (["3", "2"], ["5", "5"], ["3", "2"]),
        (["3", "2"], ["2", "5"], ["2", "3"]),
        (["1", "4"], ["3", "2"], ["3", "2"]),
        (["0", "5", "0"], ["2", "2", "2"], ["1", "2", "2"]),
    ],
)
def test_what_is_beyond_a_limit_goes_to_the_next_and_then_to_those_before(
    parts: list[str], limits: list[str], found: list[str]
) -> None:
    assert capped([D(part) for part in parts], [D(limit) for limit in limits]) == [D(each) for each in found]


def test_taxes_share_what_was_taxed_and_a_rate_of_nothing_is_stated() -> None:
    lines = [
        {"name": "CGST", "percent": "9", "amount": "9.00"},
        {"name": "SGST", "percent": "9", "amount": "9.00"},
        {"name": "Cess", "percent": "0", "amount": "0.00"},
    ]
    assert taxes_of(lines, tax=D("0.55"), base=D("3.05")) == (
        Tax("CGST", D(9), D("3.05"), D("0.28")),
        Tax("SGST", D(9), D("3.05"), D("0.27")),
        Tax("Cess", D(0), D("3.05"), D("0.00")),
    )
