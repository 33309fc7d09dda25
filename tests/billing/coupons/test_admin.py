"""Coupons in the back office: offers, codes made in bulk, the file, switching off, redemptions."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from billing.models import Coupon, CouponBatch
from billing.services.coupon_codes import generate
from billing.services.coupons import CouponRefusedError, preview, redeem
from organizations.models import Product, User
from tests.billing.coupons.offers import make_batch, make_coupon
from tests.billing.wallets import make_product, make_wallet
from tests.config.admin_rows import make_clerk
from tests.config.admin_steps import act

pytestmark = pytest.mark.django_db


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:billing_{name}", args=args)


def offer(product: Product, **fields: Any) -> dict[str, Any]:
    """What is typed for a new offer."""
    return {
        "product": product.pk,
        "name": "Spring fair",
        "amount": "5.50",
        "grant_days": "30",
        "valid_from_0": "2026-03-01",
        "valid_from_1": "00:00:00",
        "valid_until_0": "2026-04-01",
        "valid_until_1": "00:00:00",
        **fields,
    }


def test_an_offer_takes_the_products_currency_and_remembers_who_made_it(staff_client: Client, staff: User) -> None:
    product = make_product()
    assert staff_client.post(page("couponbatch_add"), offer(product)).status_code == 302
    batch = CouponBatch.objects.get()
    assert (batch.currency, f"{batch.amount.amount:f}", batch.created_by, batch.is_active) == (
        "USD",
        "5.500000",
        staff,
        True,
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"valid_until_0": "2026-02-01"}, "This is not after the beginning."),
        ({"grant_days": "0"}, "Write 1 or more, or leave it empty."),
        ({"amount": "0"}, "Write an amount above 0."),
        ({"amount": "5,50"}, "Write a plain number"),
    ],
)
def test_an_offer_that_makes_no_sense_is_refused(staff_client: Client, fields: dict[str, str], words: str) -> None:
    answer = staff_client.post(page("couponbatch_add"), offer(make_product(), **fields))
    assert words in answer.content.decode()
    assert CouponBatch.objects.count() == 0


def test_an_offer_of_credits_is_whole(staff_client: Client) -> None:
    answer = staff_client.post(page("couponbatch_add"), offer(make_product(currency="CREDIT")))
    assert "Credits are whole" in answer.content.decode()


def test_what_an_offer_gives_is_never_changed(staff_client: Client) -> None:
    batch = make_batch(make_product())
    sent = {"name": "Renamed", "amount": "9", "grant_days": "1", "valid_until_0": "", "valid_until_1": ""}
    assert staff_client.post(page("couponbatch_change", batch.pk), sent).status_code == 302
    changed = CouponBatch.objects.get()
    assert (changed.name, changed.amount, changed.grant_days) == ("Renamed", batch.amount, None)


def test_codes_are_generated_once_however_often_the_button_is_pressed(staff_client: Client) -> None:
    batch = make_batch(make_product())
    address = page("couponbatch_generate", batch.pk)
    asked, done, sent = act(staff_client, address, count=30, limit=2, begins_with="SPRING", length=8, known=0)
    assert "$300.00" in asked  # 30 codes, two accounts each, 5 dollars
    assert done.status_code == 302
    again = staff_client.post(address, {**sent, "step": "confirm"})
    assert "have changed meanwhile" in again.content.decode()
    assert Coupon.objects.filter(batch=batch, limit=2, code__startswith="SPRING-").count() == 30
    assert "Generate codes" in LogEntry.objects.latest("pk").change_message


def test_a_code_of_ones_own_is_added_once(staff_client: Client) -> None:
    batch = make_batch(make_product())
    address = page("couponbatch_add_code", batch.pk)
    _, done, sent = act(staff_client, address, code="Welcome-2026", limit=500)
    assert done.status_code == 302
    assert "exists already" in staff_client.post(address, {**sent, "step": "confirm"}).content.decode()
    assert Coupon.objects.get().code == "Welcome-2026"


def test_the_codes_are_downloaded_as_a_file_without_formulas(staff_client: Client) -> None:
    product = make_product()
    coupon = make_coupon(product, "First-1", limit=2, name="=cmd|' /C calc'!A0")
    generate(batch_id=coupon.batch_id, count=3, length=8, prefix="", limit=1)
    redeem(wallet_id=make_wallet(product).pk, code=coupon.code, user_id=make_clerk().pk)
    answer = staff_client.get(page("couponbatch_download", coupon.batch_id))
    lines = b"".join(answer.streaming_content).decode().split("\r\n")  # type: ignore[attr-defined]
    assert lines[:2] == ["\ufeffCode,Limit,Redeemed,Active", "First-1,2,1,yes"]
    assert len(lines) == 6
    assert not any(line.startswith(("=", "+", "-", "@")) for line in lines)


@pytest.mark.parametrize("which", ["couponbatch", "coupon"])
def test_what_is_switched_off_is_refused_until_it_is_switched_on(staff_client: Client, which: str) -> None:
    product = make_product()
    coupon = make_coupon(product)
    pk = coupon.batch_id if which == "couponbatch" else coupon.pk
    asked: dict[str, Any] = {"wallet_id": make_wallet(product).pk, "code": coupon.code, "user_id": make_clerk().pk}
    act(staff_client, page(f"{which}_switch_off", pk), reason="Leaked")
    with pytest.raises(CouponRefusedError, match="withdrawn"):
        preview(**asked)
    act(staff_client, page(f"{which}_switch_on", pk), reason="False alarm")
    assert preview(**asked).code == coupon.code


def test_redemptions_are_shown_with_their_offer_and_code(staff_client: Client) -> None:
    product = make_product()
    coupon = make_coupon(product)
    redeem(wallet_id=make_wallet(product).pk, code=coupon.code, user_id=make_clerk().pk)
    for name, pk in (("couponbatch", coupon.batch_id), ("coupon", coupon.pk)):
        html = staff_client.get(page(f"{name}_change", pk)).content.decode()
        assert "Acme" in html
        assert "SPRING-7KQ4-XM2P" in html


def test_a_clerk_who_may_only_look_makes_no_codes() -> None:
    batch = make_batch(make_product())
    client = Client()
    client.force_login(make_clerk("billing.view_couponbatch", "billing.view_coupon"))
    assert client.get(page("couponbatch_change", batch.pk)).status_code == 200
    for action in ("generate", "add_code", "switch_off"):
        assert client.get(page(f"couponbatch_{action}", batch.pk)).status_code == 403, action
