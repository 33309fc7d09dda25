"""The page of the subscription: plans, the way to pay, what runs, cancelling; viewers only look."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from billing.models import Plan, Subscription
from organizations.models import Account, Role

if TYPE_CHECKING:
    from tests.billing.conftest import StripeWorld

pytestmark = pytest.mark.django_db
PAGE = "/billing/subscription/"


@pytest.fixture
def account(stripe: StripeWorld, make_account: Callable[..., Account]) -> Account:
    cache.clear()
    return make_account("atllasx", name="Maple Clinic", email="owner@maple.example")


@pytest.fixture
def client(account: Account, reader: Callable[..., Client]) -> Client:
    return reader(account)


def text_of(client: Client, address: str = PAGE) -> str:
    response = client.get(address)
    assert (response.status_code, response["Cache-Control"]) == (200, "private, no-store")
    return response.content.decode()


def subscribe(client: Client, account: Account) -> Subscription:
    """Choose the plan and pay for it on Stripe's page."""
    plan = Plan.objects.get(product=account.product, name="Practice")
    response = client.post(reverse("subscription_start"), {"plan": plan.pk})
    row = Subscription.objects.latest("pk")
    assert (response.status_code, response["Location"]) == (303, row.redirect_url)
    typed = {"number": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123", "name": "Ada Payer", "act": "pay"}
    assert httpx.post(row.redirect_url, data=typed, follow_redirects=False).status_code == 303
    return row


def ends(row: Subscription) -> bool:
    """Whether it ends with its month."""
    return Subscription.objects.get(pk=row.pk).ends_at_period_end


def test_plans_are_shown_with_what_they_cost_and_give(client: Client) -> None:
    html = text_of(client)
    for words in ("Practice", "$99.00", "300 credits", "Starter", "Test payments: no money moves."):
        assert words in html
    assert html.count(">Subscribe<") == 2


def test_whoever_comes_back_sees_the_first_month_without_any_webhook(client: Client, account: Account) -> None:
    row = subscribe(client, account)
    html = text_of(client, f"{PAGE}?paid={row.reference}")
    assert "300 credits left of this one" in html
    assert "Cancel the subscription" in html
    assert ">Subscribe<" not in html


def test_while_the_payment_is_awaited_the_page_asks_again(client: Client, account: Account) -> None:
    plan = Plan.objects.get(product=account.product, name="Practice")
    client.post(reverse("subscription_start"), {"plan": plan.pk})
    html = text_of(client, f"{PAGE}?paid=x")
    assert "Processing" in html
    assert f'hx-get="{reverse("subscription_status")}"' in html
    assert "Processing" in text_of(client, reverse("subscription_status"))
    assert "The payment page was closed. Nothing was charged." in text_of(client, f"{PAGE}?closed=x")


def test_cancelling_asks_first_and_is_taken_back(client: Client, account: Account) -> None:
    row = subscribe(client, account)
    text_of(client, f"{PAGE}?paid={row.reference}")
    assert "Cancel Practice?" in text_of(client, reverse("subscription_cancel"))
    assert not ends(row)
    assert client.post(reverse("subscription_cancel")).status_code == 303
    assert "Keep the subscription" in text_of(client)
    assert ends(row)
    assert client.post(reverse("subscription_resume")).status_code == 303
    assert not ends(row)


def test_a_viewer_sees_plans_and_changes_nothing(account: Account, reader: Callable[..., Client]) -> None:
    client = reader(account, Role.VIEWER)
    assert ">Subscribe<" not in text_of(client)
    plan = Plan.objects.get(product=account.product, name="Practice")
    assert client.post(reverse("subscription_start"), {"plan": plan.pk}).status_code == 403
    assert client.post(reverse("subscription_cancel")).status_code == 403
    assert client.post(reverse("subscription_resume")).status_code == 403
    assert Subscription.objects.count() == 0


def test_a_product_without_plans_has_no_such_page(
    stripe: StripeWorld, make_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    client = reader(make_account("letustalk"))
    assert client.get(PAGE).status_code == 404
    assert b"/billing/subscription/" not in client.get(reverse("overview")).content


@pytest.mark.parametrize("plan", ["", "x", "9" * 30, "999999"])
def test_what_is_no_plan_is_not_found_or_refused(client: Client, plan: str) -> None:
    assert client.post(reverse("subscription_start"), {"plan": plan}).status_code in (303, 404)
    assert Subscription.objects.count() == 0


def test_another_accounts_subscription_is_not_touched(
    client: Client, account: Account, make_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    row = subscribe(client, account)
    text_of(client, f"{PAGE}?paid={row.reference}")
    stranger = reader(make_account("atllasx"))
    assert stranger.post(reverse("subscription_cancel")).status_code == 404
    assert "Cancel the subscription" not in text_of(stranger)
