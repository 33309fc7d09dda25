"""Known answers of Robokassa's signatures (FACTS.md), and what a notice must be to be believed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlencode

import pytest

from billing.providers.base import BadNoticeError
from billing.providers.robokassa import refunds, results, signatures
from billing.providers.robokassa.shop import Shop

SHOP = Shop("demo", "Pass1", "Pass2", "Pass3", "md5", False, False, "http://127.0.0.1:1", "http://127.0.0.1:1")
SHP = {"Shp_tenant": "3", "Shp_order": "7"}
TOP_UP = "0b3c8f52-9c55-4e59-8d56-5f0a2f3c1d11"


@pytest.mark.parametrize(
    ("login", "out_sum", "invoice", "password", "expected"),
    [
        ("test_login", "100.0", "58", "test_password", "59506E1E5BBE937B31386DD981788C9B"),
        ("test_login", "", "5", "test_password", "DCEDD9C5F84C1E6CB73AB52CA9FAA8B3"),
        ("login", "5", "154", "p1", "ea9bd729a4456cfbfb91294b8e2781d6"),
    ],
)
def test_a_payment_page_is_signed_as_robokassa_signs_it(
    login: str, out_sum: str, invoice: str, password: str, expected: str
) -> None:
    signature = signatures.of_payment(
        login=login, out_sum=out_sum, invoice=invoice, password1=password, algorithm="md5"
    )
    assert signatures.agree(expected, signature)


def test_the_shops_own_parameters_are_signed_last_and_by_name() -> None:
    page = signatures.of_payment(
        login="demo", out_sum="100.00", invoice="42", password1="Pass1", algorithm="md5", shp=SHP
    )
    assert page == "98d739cc45ae13f26647d81044cb5658"
    notice = signatures.of_result(out_sum="100.00", invoice="42", password="Pass2", algorithm="md5", shp=SHP)
    assert notice == "96e5769abe4ca3a9ec918a64b34cb69f"


def test_notices_and_look_ups_are_signed_as_robokassa_signs_them() -> None:
    notice = signatures.of_result(out_sum="100", invoice="58", password="test_password2", algorithm="md5")
    assert notice.upper() == "6E75B4F55BEFE22C8DB12778D8EF32C3"
    state = signatures.of_state(login="demo", invoice="42", password2="Pass2", algorithm="md5")
    assert state == "5bddfbcb9059718f9989eda911a389dc"


@pytest.mark.parametrize(
    ("algorithm", "digits"),
    [("md5", 32), ("ripemd160", 40), ("sha1", 40), ("sha256", 64), ("sha384", 96), ("sha512", 128)],
)
def test_every_hash_that_robokassa_offers_can_be_used(algorithm: str, digits: int) -> None:
    if not signatures.is_known(algorithm):
        pytest.skip(f"This OpenSSL has no {algorithm}.")
    state = signatures.of_state(login="demo", invoice="42", password2="Pass2", algorithm=algorithm)
    assert len(state) == digits


def test_an_unknown_hash_is_not_used() -> None:
    assert not signatures.is_known("crc32")


def _notice(**changes: str) -> bytes:
    fields = {"OutSum": "100.000000", "InvId": "42", "Shp_top_up": TOP_UP}
    fields["SignatureValue"] = signatures.of_result(
        out_sum="100.000000", invoice="42", password="Pass2", algorithm="md5", shp={"Shp_top_up": TOP_UP}
    ).upper()
    return urlencode(fields | changes).encode()


def test_a_notice_names_its_order_and_the_same_one_twice_is_one_event() -> None:
    result = results.parse(SHOP, _notice(IncCurrLabel="SBPPSR", Fee="0.000000"), password="Pass2")
    assert (result.invoice, result.amount, result.top_up, result.is_test) == ("42", Decimal(100), TOP_UP, False)
    notice = results.notice_of(result)
    assert (notice.kind, notice.object_kind, notice.object_id) == ("result", "order", "42")
    assert notice == results.notice_of(results.parse(SHOP, _notice(), password="Pass2"))
    assert len(notice.event_id) <= 255


@pytest.mark.parametrize(
    "changes",
    [
        {"OutSum": "1000.000000"},
        {"OutSum": "100"},
        {"InvId": "43"},
        {"Shp_top_up": TOP_UP.replace("0", "1")},
        {"SignatureValue": ""},
        {"OutSum": "NaN"},
        {"OutSum": "-100.000000"},
        {"InvId": "0"},
        {"InvId": "9" * 40},
        {"Shp_more": "1"},
    ],
)
def test_an_altered_notice_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(BadNoticeError):
        results.parse(SHOP, _notice(**changes), password="Pass2")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"InvId=1&InvId=1", b"a=1&" * 200, b"x" * 20_000])
def test_what_is_no_notice_is_refused(body: bytes) -> None:
    with pytest.raises(BadNoticeError):
        results.parse(SHOP, body, password="Pass2")


def test_without_a_password_nothing_is_believed() -> None:
    shop = replace(SHOP, password2="")
    empty = signatures.of_result(
        out_sum="100.000000", invoice="42", password="", algorithm="md5", shp={"Shp_top_up": TOP_UP}
    )
    with pytest.raises(BadNoticeError):
        results.parse(shop, _notice(SignatureValue=empty), password=shop.password2)


def test_a_refund_is_asked_for_by_a_token_that_password_3_signs() -> None:
    # HS256 of {"OpKey":"A-1","RefundSum":10.50} by "Pass3", made by another implementation (openssl dgst -hmac).
    assert refunds.token(SHOP, operation="A-1", amount=Decimal("10.5")) == (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJPcEtleSI6IkEtMSIsIlJlZnVuZFN1bSI6MTAuNTB9."
        "8LjWIuZYN6Y4pQ7l8vLO0vfEF2m4elKz5cR-VeW3jX0"
    )
