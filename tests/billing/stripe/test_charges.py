"""Payments at Stripe, on its page and by a saved card: what they come to, and that none is ever made twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from billing.providers.base import FailureReason, Outcome, PaymentFacts
from billing.providers.stripe import customers
from billing.providers.stripe.provider import StripeProvider
from organizations.models import Account
from tests.billing.conftest import StripeWorld
from tests.billing.stripe.requests import charge_request, payer_of

provider = StripeProvider()
DECLINED = "Your card was declined."


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aitelier", name="Acme", email="owner@example.com")


def test_a_page_is_offered_and_paid(stripe: StripeWorld, account: Account) -> None:
    request = charge_request(account)
    begun = provider.charge(request)
    assert (begun.outcome, begun.provider_reference[:8]) == (Outcome.PENDING, "cs_test_")
    assert begun.redirect_url == f"{stripe.url}/c/pay/{begun.provider_reference}"
    assert (begun.amount, begun.currency, begun.account_id) == (Decimal("25.00"), "USD", account.pk)
    assert begun.expires_at == request.expires_at.replace(microsecond=0) if request.expires_at else False

    assert stripe.pay(begun.redirect_url).headers["Location"] == "http://testserver/back"
    paid = provider.look_up(replace(request, provider_reference=begun.provider_reference))
    (charge,) = stripe.site.objects("charge")
    assert paid == PaymentFacts(
        outcome=Outcome.SUCCEEDED,
        provider_reference=begun.provider_reference,
        payment_reference=charge["payment_intent"],
        charge_reference=charge["id"],
        top_up_reference=request.reference,
        account_id=account.pk,
        amount=Decimal("25.00"),
        currency="USD",
        is_live=False,
        paid_at=paid.paid_at,
        receipt_url=charge["receipt_url"],
        card=paid.card,
    )
    assert paid.paid_at is not None and paid.card is not None
    assert (paid.card.last4, paid.card.account_id, paid.card.is_removed) == ("4242", None, True)


def test_a_page_saves_the_card_when_asked(stripe: StripeWorld, account: Account) -> None:
    request = charge_request(account, saves_card=True)
    begun = provider.charge(request)
    stripe.pay(begun.redirect_url, "5555555555554444")
    paid = provider.look_up(replace(request, provider_reference=begun.provider_reference))
    assert paid.card is not None
    assert (paid.card.brand, paid.card.last4, paid.card.account_id) == ("mastercard", "4444", account.pk)
    assert [card.reference for card in provider.cards(payer_of(account))] == [paid.card.reference]


def test_a_decline_on_the_page_leaves_it_open(stripe: StripeWorld, account: Account) -> None:
    request = charge_request(account)
    begun = provider.charge(request)
    assert DECLINED in stripe.pay(begun.redirect_url, "4000000000000002").text
    looked = replace(request, provider_reference=begun.provider_reference)
    assert provider.look_up(looked).outcome == Outcome.PENDING
    stripe.pay(begun.redirect_url)
    assert provider.look_up(looked).outcome == Outcome.SUCCEEDED


def test_the_bank_asks_for_confirmation_on_the_page(stripe: StripeWorld, account: Account) -> None:
    request = charge_request(account)
    begun = provider.charge(request)
    looked = replace(request, provider_reference=begun.provider_reference)
    asked = stripe.pay(begun.redirect_url, "4000002760003184")
    assert provider.look_up(looked).outcome == Outcome.REQUIRES_ACTION
    stripe.confirm(asked)
    assert provider.look_up(looked).outcome == Outcome.SUCCEEDED


def test_a_page_given_up_can_no_longer_be_paid(stripe: StripeWorld, account: Account) -> None:
    request = charge_request(account)
    begun = provider.charge(request)
    looked = replace(request, provider_reference=begun.provider_reference)
    assert provider.give_up(looked).outcome == Outcome.EXPIRED
    stripe.pay(begun.redirect_url)
    assert provider.look_up(looked).outcome == Outcome.EXPIRED
    assert stripe.site.journal() == []


def test_a_paid_page_cannot_be_given_up(stripe: StripeWorld, account: Account) -> None:
    request = charge_request(account)
    begun = provider.charge(request)
    stripe.pay(begun.redirect_url)
    assert provider.give_up(replace(request, provider_reference=begun.provider_reference)).outcome == Outcome.SUCCEEDED


def test_a_saved_card_is_charged_at_once(stripe: StripeWorld, account: Account) -> None:
    request = charge_request(account, "12.34", card_reference=stripe.save_card(account))
    paid = provider.charge(request)
    assert (paid.outcome, paid.amount, paid.top_up_reference) == (
        Outcome.SUCCEEDED,
        Decimal("12.34"),
        request.reference,
    )
    assert provider.look_up(replace(request, provider_reference=paid.provider_reference)) == paid
    assert [moved.amount for moved in stripe.site.journal()] == [1234]


@pytest.mark.parametrize(
    ("token", "reason", "code", "message"),
    [
        ("pm_card_chargeCustomerFail", FailureReason.CARD_DECLINED, "generic_decline", DECLINED),
        (
            "pm_card_authenticationRequired",
            FailureReason.NEEDS_CONFIRMATION,
            "authentication_required",
            "Your card was declined. This transaction requires authentication.",
        ),
    ],
)
def test_a_saved_card_that_fails_says_why(
    stripe: StripeWorld, account: Account, token: str, reason: FailureReason, code: str, message: str
) -> None:
    request = charge_request(account, card_reference=stripe.save_card(account, token))
    failed = provider.charge(request)
    assert (failed.outcome, failed.failure, failed.failure_code) == (Outcome.FAILED, reason, code)
    assert failed.failure_message == message
    again = provider.look_up(replace(request, provider_reference=failed.provider_reference))
    assert (again.outcome, again.failure, again.failure_code) == (Outcome.FAILED, reason, code)
    assert stripe.site.journal() == []


@pytest.mark.parametrize("decline", ["insufficient_funds", "expired_card", "processing_error", "lost_card"])
def test_every_decline_of_the_bank_is_a_decline(stripe: StripeWorld, account: Account, decline: str) -> None:
    card = stripe.save_card(account)
    stripe.site.set_card_behaviour(card, decline=decline)
    failed = provider.charge(charge_request(account, card_reference=card))
    assert (failed.outcome, failed.failure, failed.failure_code) == (
        Outcome.FAILED,
        FailureReason.CARD_DECLINED,
        decline,
    )


def test_a_removed_card_is_no_payment_method(stripe: StripeWorld, account: Account) -> None:
    card = stripe.save_card(account)
    provider.remove_card(card)
    provider.remove_card(card)
    failed = provider.charge(charge_request(account, card_reference=card))
    assert (failed.outcome, failed.failure, failed.failure_message) == (
        Outcome.FAILED,
        FailureReason.NO_PAYMENT_METHOD,
        "",
    )


def test_a_refused_request_is_an_error_of_ours(stripe: StripeWorld, account: Account) -> None:
    failed = provider.charge(charge_request(account, "0.10"))
    assert (failed.outcome, failed.failure, failed.failure_code) == (
        Outcome.FAILED,
        FailureReason.INTERNAL_ERROR,
        "amount_too_small",
    )
    assert failed.failure_message == ""


@pytest.mark.parametrize("mode", ["cut", "500-after", "429", "lost", "500"])
def test_a_charge_without_an_answer_is_never_made_twice(stripe: StripeWorld, account: Account, mode: str) -> None:
    request = charge_request(account, card_reference=stripe.save_card(account))
    stripe.site.fail_next("/v1/payment_intents", mode, method="POST")
    assert provider.charge(request).outcome == Outcome.UNKNOWN
    found = provider.look_up(request)
    charged = mode in ("cut", "500-after")
    assert found.outcome == (Outcome.SUCCEEDED if charged else Outcome.MISSING)
    again = provider.charge(request)
    assert again.outcome == (Outcome.UNKNOWN if mode.startswith("500") else Outcome.SUCCEEDED)
    assert len(stripe.site.journal()) == (0 if mode == "500" else 1)


def test_a_replayed_failure_of_stripes_server_ends_after_minutes(stripe: StripeWorld, account: Account) -> None:
    asked_at = timezone.now() - timedelta(minutes=6)
    request = charge_request(account, card_reference=stripe.save_card(account), asked_at=asked_at)
    stripe.site.fail_next("/v1/payment_intents", "500", method="POST")
    assert provider.charge(request).outcome == Outcome.UNKNOWN
    again = provider.charge(request)
    assert (again.outcome, again.failure) == (Outcome.FAILED, FailureReason.INTERNAL_ERROR)


def test_an_old_charge_is_only_looked_up(stripe: StripeWorld, account: Account) -> None:
    asked_at = timezone.now() - timedelta(hours=23, minutes=1)
    request = charge_request(account, card_reference=stripe.save_card(account), asked_at=asked_at)
    assert provider.charge(request).outcome == Outcome.MISSING
    assert stripe.site.objects("payment_intent") == []


def test_a_page_without_an_answer_is_found_by_our_reference(stripe: StripeWorld, account: Account) -> None:
    request = charge_request(account)
    stripe.site.fail_next("/v1/checkout/sessions", "cut", method="POST")
    assert provider.charge(request).outcome == Outcome.UNKNOWN
    found = provider.look_up(request)
    (session,) = stripe.site.objects("checkout.session")
    assert (found.outcome, found.provider_reference) == (Outcome.PENDING, session["id"])
    assert provider.charge(request).provider_reference == session["id"]


def test_a_refused_key_leaves_the_outcome_open(stripe: StripeWorld, account: Account, settings: object) -> None:
    request = charge_request(account, card_reference=stripe.save_card(account))
    settings.STRIPE_TEST_SECRET_KEY = "sk_wrong_00000000000000000000"  # type: ignore[attr-defined]
    assert provider.charge(request).outcome == Outcome.UNKNOWN


def test_a_customer_deleted_at_stripe_is_replaced(stripe: StripeWorld, account: Account) -> None:
    gone = customers.customer_of(payer_of(account))
    from billing.providers.stripe import client

    client.client().v1.customers.delete(gone)
    assert provider.charge(charge_request(account)).failure == FailureReason.INTERNAL_ERROR
    assert provider.charge(charge_request(account)).outcome == Outcome.PENDING
    assert len(customers.all_customers(account.pk)) == 2
    assert customers.account_of(gone) == account.pk


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_make_one_customer(make_account: Callable[..., Account], stripe: StripeWorld) -> None:
    from tests.billing.threads import at_once

    account = make_account("aitelier", email="owner@example.com")
    made = at_once([lambda: customers.customer_of(payer_of(account))] * 6)
    assert len(set(made)) == 1
    assert len(stripe.site.objects("customer")) == 1
    assert customers.all_customers(account.pk) == [made[0]]


@pytest.mark.parametrize("mode", ["500", "cut"])
def test_a_customer_that_could_not_be_made_can_be_made_an_hour_later(
    stripe: StripeWorld, make_account: Callable[..., Account], mode: str
) -> None:
    account = make_account("aitelier", email="owner@example.com")
    stripe.site.fail_next("/v1/customers", mode, method="POST")
    assert provider.charge(charge_request(account)).outcome == Outcome.UNKNOWN
    account.email = "another@example.com"
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
        assert provider.charge(charge_request(account)).outcome == Outcome.PENDING
        assert len(customers.all_customers(account.pk)) == 1


def test_a_hanging_stripe_is_an_outcome_unknown(
    stripe: StripeWorld, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    from billing.providers.stripe import client

    request = charge_request(account, card_reference=stripe.save_card(account))
    monkeypatch.setattr(client._http_client(), "_timeout", (3, 0.2))
    fault = stripe.site.fail_next("/v1/payment_intents", "hang", method="POST")
    assert provider.charge(request).outcome == Outcome.UNKNOWN
    fault.release()
    assert isinstance(fault.reached, threading.Event) and fault.reached.is_set()
