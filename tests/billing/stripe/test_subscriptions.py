"""Monthly subscriptions at Stripe: begun on its page, renewed, past due, ended, and the payments that they bring."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.providers.base import Notice, Outcome, SubscriptionFacts, SubscriptionRequest
from billing.providers.stripe.provider import StripeProvider
from organizations.models import Account
from tests.billing.conftest import StripeWorld
from tests.billing.stripe.requests import payer_of

provider = StripeProvider()


@pytest.fixture
def request_(make_account: Callable[..., Account]) -> SubscriptionRequest:
    account = make_account("atllasx", email="owner@example.com")
    return SubscriptionRequest(
        reference=str(uuid.uuid4()),
        name="Growth, monthly",
        amount=Decimal("149.00"),
        currency="USD",
        payer=payer_of(account),
        success_url="http://testserver/back",
        cancel_url="http://testserver/cancelled",
        expires_at=timezone.now() + timedelta(hours=1),
    )


def begin(stripe: StripeWorld, request: SubscriptionRequest, number: str = "4242424242424242") -> SubscriptionFacts:
    begun = provider.start_subscription(request)
    stripe.pay(begun.redirect_url, number)
    return provider.look_up_subscription(request, "", begun.checkout_reference)


def test_a_subscription_begins_on_the_page(stripe: StripeWorld, request_: SubscriptionRequest) -> None:
    begun = provider.start_subscription(request_)
    assert (begun.outcome, begun.subscription_reference) == (Outcome.PENDING, request_.reference)
    assert provider.start_subscription(request_) == begun
    assert provider.look_up_subscription(request_, "", "") == begun
    stripe.pay(begun.redirect_url)
    active = provider.look_up_subscription(request_, "", begun.checkout_reference)
    assert (active.outcome, active.subscription_reference) == (Outcome.SUCCEEDED, request_.reference)
    assert active.account_id == request_.payer.account_id
    assert active.period_start is not None and active.period_end is not None
    assert timedelta(days=28) <= active.period_end - active.period_start <= timedelta(days=31)
    (payment,) = active.payments
    assert (payment.outcome, payment.amount, payment.currency) == (Outcome.SUCCEEDED, Decimal("149.00"), "USD")
    assert payment.subscription_reference == request_.reference
    assert payment.details["period_end"] == int(active.period_end.timestamp())
    (charge,) = stripe.site.objects("charge")
    assert (payment.payment_reference, payment.charge_reference) == (charge["payment_intent"], charge["id"])


def test_every_event_of_a_subscription_tells_all_of_it(stripe: StripeWorld, request_: SubscriptionRequest) -> None:
    active = begin(stripe, request_)
    for kind in ("customer.subscription.created", "invoice.paid", "payment_intent.succeeded"):
        about = stripe.site.events(kind)[-1]["data"]["object"]
        found = provider.facts_of(Notice("stripe", "evt_1", kind, about["object"], about["id"]))
        assert isinstance(found, SubscriptionFacts)
        assert (found.provider_reference, found.payments) == (active.provider_reference, active.payments)


def test_a_renewal_is_a_payment_of_its_own(stripe: StripeWorld, request_: SubscriptionRequest) -> None:
    active = begin(stripe, request_)
    stripe.site.advance_subscription(active.provider_reference)
    renewed = provider.look_up_subscription(request_, active.provider_reference, "")
    assert renewed.period_start == active.period_end
    assert [payment.amount for payment in renewed.payments] == [Decimal("149.00"), Decimal("149.00")]
    assert renewed.payments[0] == active.payments[0]
    listed = list(provider.payments_since(timezone.now() - timedelta(hours=1)))
    assert {payment.subscription_reference for payment in listed} == {request_.reference}


def test_a_renewal_that_the_card_refuses_is_past_due(stripe: StripeWorld, request_: SubscriptionRequest) -> None:
    active = begin(stripe, request_)
    (method,) = stripe.site.objects("payment_method", customer=stripe.site.objects("customer")[0]["id"])
    stripe.site.set_card_behaviour(method["id"], decline="insufficient_funds")
    stripe.site.advance_subscription(active.provider_reference)
    overdue = provider.look_up_subscription(request_, active.provider_reference, "")
    assert (overdue.outcome, len(overdue.payments)) == (Outcome.FAILED, 1)


def test_a_subscription_ends_with_its_period_unless_resumed(stripe: StripeWorld, request_: SubscriptionRequest) -> None:
    active = begin(stripe, request_)
    ending = provider.end_subscription(active.provider_reference, at_period_end=True)
    assert (ending.outcome, ending.ends_at_period_end) == (Outcome.SUCCEEDED, True)
    assert provider.resume_subscription(active.provider_reference).ends_at_period_end is False
    ended = provider.end_subscription(active.provider_reference, at_period_end=False)
    assert ended.outcome == Outcome.EXPIRED


def test_a_page_that_expired_begins_nothing(stripe: StripeWorld, request_: SubscriptionRequest) -> None:
    from billing.providers.stripe import client

    begun = provider.start_subscription(request_)
    client.client().v1.checkout.sessions.expire(begun.checkout_reference)
    assert provider.look_up_subscription(request_, "", begun.checkout_reference).outcome == Outcome.EXPIRED
    assert provider.end_subscription("sub_unknown", at_period_end=True).outcome == Outcome.EXPIRED
