"""The page of coupons: a look at a code gives nothing, a confirmation gives it once, viewers only look."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Coupon, CouponRedemption
from organizations.models import Account, Role
from tests.billing.coupons.offers import make_coupon
from tests.billing.wallets import parts

pytestmark = pytest.mark.django_db
CODE = "SPRING-7KQ4-XM2P"


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("letustalk", paid="3")


@pytest.fixture
def coupon(account: Account) -> Coupon:
    return make_coupon(account.product, CODE, amount="5.50", grant_days=30)


def text_of(client: Client, **query: str) -> str:
    response = client.get(reverse("coupons"), query)
    assert (response.status_code, response["Cache-Control"]) == (200, "private, no-store")
    return response.content.decode()


def test_the_page_says_what_will_be_here(account: Account, reader: Callable[..., Client]) -> None:
    html = text_of(reader(account))
    assert "No codes yet" in html
    assert "Show the bonus" in html


def test_looking_at_a_code_shows_its_bonus_and_gives_nothing(
    account: Account, coupon: Coupon, reader: Callable[..., Client]
) -> None:
    promo = parts(account.wallet)["promo"]
    client = reader(account)
    for _ in range(3):
        html = text_of(client, code=f" {CODE} ")
    assert "Add $5.50" in html
    assert f'name="code" value="{CODE}"' in html
    assert (CouponRedemption.objects.count(), parts(account.wallet)["promo"]) == (0, promo)


def test_confirming_adds_the_bonus_once(account: Account, coupon: Coupon, reader: Callable[..., Client]) -> None:
    promo = parts(account.wallet)["promo"]
    client = reader(account)
    for _ in range(2):
        response = client.post(reverse("coupons"), {"code": CODE}, follow=True)
        assert response.redirect_chain == [(reverse("coupons"), 303)]
        assert "$5.50 of promo credit was added." in response.content.decode()
    assert parts(account.wallet)["promo"] == promo + D("5.5")
    assert CODE in text_of(client)


def test_a_refused_code_is_explained_beside_the_field(
    account: Account, coupon: Coupon, reader: Callable[..., Client]
) -> None:
    client = reader(account)
    html = text_of(client, code=CODE.lower())
    assert "There is no such code." in html
    assert f'value="{CODE.lower()}"' in html
    assert "Enter the code that you got." in text_of(client, code=" ")
    refused = client.post(reverse("coupons"), {"code": "<script>"})
    assert refused.status_code == 422
    assert b"&lt;script&gt;" in refused.content
    assert CouponRedemption.objects.count() == 0


def test_a_viewer_neither_looks_at_codes_nor_redeems(
    account: Account, coupon: Coupon, reader: Callable[..., Client]
) -> None:
    client = reader(account, Role.VIEWER)
    html = text_of(client, code=CODE)
    assert "Owners and billing members of the account can redeem codes." in html
    assert "5.50" not in html
    assert client.post(reverse("coupons"), {"code": CODE}).status_code == 403
    assert CouponRedemption.objects.count() == 0


def test_a_billing_member_redeems(account: Account, coupon: Coupon, reader: Callable[..., Client]) -> None:
    assert reader(account, Role.BILLING).post(reverse("coupons"), {"code": CODE}).status_code == 303
    assert CouponRedemption.objects.count() == 1


def test_another_accounts_redemption_is_not_shown(
    account: Account, coupon: Coupon, make_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    reader(account).post(reverse("coupons"), {"code": CODE})
    assert CODE not in text_of(reader(make_account("letustalk")))


def test_the_page_takes_few_statements(
    account: Account, coupon: Coupon, reader: Callable[..., Client], statements: Callable[[], object]
) -> None:
    client = reader(account)
    client.post(reverse("coupons"), {"code": CODE})
    with statements() as sent:  # type: ignore[attr-defined]
        text_of(client)
    assert len(sent) <= 12
