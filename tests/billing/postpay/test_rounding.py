"""Amounts in cents add up, and none is a cent off."""

from __future__ import annotations

from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from billing.services.postpay.rounding import floored, in_cents

amounts = st.decimals(D("-9999"), D("99999"), places=6)


@given(st.lists(amounts, max_size=30))
def test_cents_add_up_to_the_exact_sum_brought_down(exact: list[D]) -> None:
    found = in_cents(exact)
    assert sum(found, D(0)) == floored(sum(exact, D(0)))
    assert all(abs(cents - amount) < D("0.01") for cents, amount in zip(found, exact, strict=True))
    assert all(cents == amount for cents, amount in zip(found, exact, strict=True) if amount == floored(amount))


def test_whole_cents_stay_whatever_stands_beside_them() -> None:
    assert in_cents([D("0.006"), D("37.20"), D("0.005"), D("-0.003")]) == [D("0.00"), D("37.20"), D("0.01"), D("-0.01")]
