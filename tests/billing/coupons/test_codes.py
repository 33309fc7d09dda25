"""Codes are drawn at random, readable, unique, and made ten thousand at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from billing.models import Coupon
from billing.services import coupon_codes
from billing.services.coupon_codes import add_code, generate
from tests.billing.coupons.offers import make_batch
from tests.billing.wallets import make_product

pytestmark = pytest.mark.django_db


def test_codes_are_grouped_behind_their_prefix() -> None:
    batch = make_batch(make_product())
    (coupon,) = generate(batch_id=batch.pk, count=1, length=8, prefix="SPRING", limit=3)
    assert re.fullmatch(r"SPRING-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}", coupon.code)
    assert (coupon.batch_id, coupon.limit, coupon.redeemed, coupon.is_active) == (batch.pk, 3, 0, True)
    (bare,) = generate(batch_id=batch.pk, count=1, length=10, prefix="", limit=1)
    assert re.fullmatch(r"[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{2}", bare.code)


def test_the_alphabet_has_nothing_that_is_read_wrongly() -> None:
    assert len(set(coupon_codes.ALPHABET)) == 32
    assert not set(coupon_codes.ALPHABET) & set("0O1lI")


def test_ten_thousand_codes_take_a_handful_of_statements(statements: Callable[[], Any]) -> None:
    batch = make_batch(make_product())
    with statements() as sent:
        coupons = generate(batch_id=batch.pk, count=10_000, length=8, prefix="", limit=1)
    assert (len(coupons), len({coupon.code for coupon in coupons})) == (10_000, 10_000)
    assert len(sent) <= 6


def test_a_code_that_exists_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = make_batch(make_product())
    add_code(batch_id=make_batch(make_product()).pk, code="TAKEN", limit=1)
    drawn = iter(["TAKEN", "TAKEN", "FREE1", "FREE1", "TAKEN", "FREE2"])
    monkeypatch.setattr(coupon_codes, "_draw", lambda length, prefix: next(drawn))
    monkeypatch.setattr(coupon_codes, "_check", lambda **_numbers: None)
    coupons = generate(batch_id=batch.pk, count=2, length=8, prefix="", limit=1)
    assert [coupon.code for coupon in coupons] == ["FREE1", "FREE2"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("count", 0),
        ("count", 10_001),
        ("length", 7),
        ("length", 25),
        ("prefix", "=CMD()"),
        ("prefix", "ELEVENCHARS"),
        ("limit", 0),
        ("limit", 1_000_001),
    ],
)
def test_numbers_out_of_bounds_make_no_code(field: str, value: object) -> None:
    wanted: dict[str, Any] = {"count": 1, "length": 8, "prefix": "", "limit": 1, field: value}
    with pytest.raises(ValidationError) as refusal:
        generate(batch_id=make_batch(make_product()).pk, **wanted)
    assert list(refusal.value.message_dict) == [field]
    assert Coupon.objects.count() == 0


def test_a_chosen_code_is_taken_as_it_is_written_and_only_once() -> None:
    batch = make_batch(make_product())
    assert add_code(batch_id=batch.pk, code="Welcome-2026", limit=500).limit == 500
    with pytest.raises(ValidationError, match="exists already"):
        add_code(batch_id=make_batch(make_product()).pk, code="Welcome-2026", limit=1)


@pytest.mark.parametrize("code", ["abc", "x" * 41, "=1+1", "-dash", "with blank", "umläut", ""])
def test_an_unfit_code_is_refused(code: str) -> None:
    with pytest.raises(ValidationError, match="4 to 40"):
        add_code(batch_id=make_batch(make_product()).pk, code=code, limit=1)
