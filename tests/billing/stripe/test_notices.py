"""From an event to facts: the object is read again at Stripe, and the event's own words count for nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from djstripe.models import Charge, Dispute, PaymentIntent, PaymentMethod, Refund

from billing.providers.base import (
    CardFacts,
    DisputeFacts,
    Notice,
    Outcome,
    PaymentFacts,
    ProviderError,
    ProviderUnavailableError,
    RefundFacts,
)
from billing.providers.stripe import customers
from billing.providers.stripe.provider import StripeProvider
from organizations.models import Account
from tests.billing.conftest import StripeWorld
from tests.billing.stripe.requests import charge_request, payer_of, refund_request

provider = StripeProvider()


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aitelier", name="Acme", email="owner@example.com")


def notice_of(event: dict[str, Any]) -> Notice:
    about = event["data"]["object"]
    return Notice("stripe", event["id"], event["type"], about["object"], about["id"])


def newest(stripe: StripeWorld, kind: str) -> Notice:
    return notice_of(stripe.site.events(kind)[-1])


def pay(stripe: StripeWorld, account: Account, amount: str = "25.00", token: str = "pm_card_visa") -> PaymentFacts:
    """A payment by a saved card."""
    paid = provider.charge(charge_request(account, amount, card_reference=stripe.save_card(account, token)))
    assert paid.outcome == Outcome.SUCCEEDED
    return paid


def test_a_payment_is_read_again_and_copied(stripe: StripeWorld, account: Account) -> None:
    paid = pay(stripe, account)
    assert provider.facts_of(newest(stripe, "payment_intent.succeeded")) == paid
    assert PaymentIntent.objects.get().stripe_data["amount"] == 2500
    assert Charge.objects.get().id == paid.charge_reference


def test_a_paid_page_tells_of_its_payment(stripe: StripeWorld, account: Account) -> None:
    request = charge_request(account)
    begun = provider.charge(request)
    stripe.pay(begun.redirect_url)
    session = provider.facts_of(newest(stripe, "checkout.session.completed"))
    intent = provider.facts_of(newest(stripe, "payment_intent.succeeded"))
    assert isinstance(session, PaymentFacts) and isinstance(intent, PaymentFacts)
    assert session.provider_reference == begun.provider_reference
    assert replace(session, provider_reference="") == intent
    assert (intent.top_up_reference, intent.outcome) == (request.reference, Outcome.SUCCEEDED)


def test_a_refusal_on_the_page_is_not_the_end_of_it(stripe: StripeWorld, account: Account) -> None:
    begun = provider.charge(charge_request(account))
    stripe.pay(begun.redirect_url, "4000000000000002")
    found = provider.facts_of(newest(stripe, "payment_intent.payment_failed"))
    assert isinstance(found, PaymentFacts)
    assert (found.outcome, found.failure) == (Outcome.PENDING, None)


def test_a_saved_card_is_told_by_its_page_and_by_itself(stripe: StripeWorld, account: Account) -> None:
    stripe.pay(provider.save_card(charge_request(account)), "5555555555554444")
    by_page = provider.facts_of(newest(stripe, "checkout.session.completed"))
    assert isinstance(by_page, CardFacts)
    assert (by_page.account_id, by_page.last4, by_page.is_removed) == (account.pk, "4444", False)
    assert provider.facts_of(newest(stripe, "payment_method.attached")) == by_page
    assert provider.facts_of(newest(stripe, "setup_intent.succeeded")) == by_page
    assert provider.cards(payer_of(account)) == [by_page]
    assert PaymentMethod.objects.get().stripe_data["card"]["last4"] == "4444"


def test_a_removed_card_is_nobodys(stripe: StripeWorld, account: Account) -> None:
    card = stripe.save_card(account)
    provider.make_default(payer_of(account), card)
    provider.remove_card(card)
    gone = provider.facts_of(newest(stripe, "payment_method.detached"))
    assert isinstance(gone, CardFacts)
    assert (gone.reference, gone.account_id, gone.is_removed) == (card, None, True)
    assert provider.cards(payer_of(account)) == []


def test_a_refund_goes_back_once(stripe: StripeWorld, account: Account) -> None:
    paid = pay(stripe, account)
    request = refund_request(paid.payment_reference, "10.00")
    sent = provider.refund(request)
    assert sent == RefundFacts(
        outcome=Outcome.SUCCEEDED,
        provider_reference=sent.provider_reference,
        refund_reference=request.reference,
        payment_reference=paid.payment_reference,
        amount=Decimal("10.00"),
        currency="USD",
    )
    assert provider.refund(request) == sent
    assert provider.look_up_refund(request) == sent
    assert provider.facts_of(newest(stripe, "refund.created")) == sent
    assert provider.facts_of(newest(stripe, "charge.refunded")) == sent
    assert [moved.amount for moved in stripe.site.journal()] == [2500, -1000]
    assert Refund.objects.get().stripe_data["amount"] == 1000


def test_a_refund_beyond_the_payment_is_refused(stripe: StripeWorld, account: Account) -> None:
    paid = pay(stripe, account)
    with pytest.raises(ProviderError, match="greater than charge amount"):
        provider.refund(refund_request(paid.payment_reference, "25.01"))


def test_a_refund_without_an_answer_is_found(stripe: StripeWorld, account: Account) -> None:
    request = refund_request(pay(stripe, account).payment_reference, "10.00")
    assert provider.look_up_refund(request).outcome == Outcome.MISSING
    stripe.site.fail_next("/v1/refunds", "cut", method="POST")
    assert provider.refund(request).outcome == Outcome.UNKNOWN
    assert provider.look_up_refund(request).outcome == Outcome.SUCCEEDED
    assert provider.refund(request).outcome == Outcome.SUCCEEDED
    assert [moved.amount for moved in stripe.site.journal()] == [2500, -1000]


def test_a_refund_that_fails_later_says_so(stripe: StripeWorld, account: Account) -> None:
    request = refund_request(pay(stripe, account).payment_reference, "10.00")
    stripe.site.fail_refund(provider.refund(request).provider_reference)
    failed = provider.facts_of(newest(stripe, "refund.failed"))
    assert isinstance(failed, RefundFacts)
    assert (failed.outcome, failed.failure_message) == (Outcome.FAILED, "expired or canceled card")


@pytest.mark.parametrize(("won", "status"), [(True, "won"), (False, "lost")])
def test_a_dispute_is_told_from_its_opening_to_its_end(
    stripe: StripeWorld, account: Account, won: bool, status: str
) -> None:
    paid = pay(stripe, account)
    opened = stripe.site.open_dispute(paid.charge_reference, amount=1000)
    first = provider.facts_of(newest(stripe, "charge.dispute.created"))
    assert isinstance(first, DisputeFacts)
    assert (first.provider_reference, first.payment_reference) == (opened["id"], paid.payment_reference)
    assert (first.amount, first.currency, first.status) == (Decimal("10.00"), "USD", "opened")
    stripe.site.close_dispute(opened["id"], won=won)
    last = provider.facts_of(newest(stripe, "charge.dispute.created"))
    assert isinstance(last, DisputeFacts) and last.status == status
    assert Dispute.objects.get().stripe_data["status"] == status


def test_an_inquiry_has_taken_nothing(stripe: StripeWorld, account: Account) -> None:
    paid = pay(stripe, account)
    stripe.site.open_dispute(paid.charge_reference, status="warning_needs_response")
    found = provider.facts_of(newest(stripe, "charge.dispute.created"))
    assert isinstance(found, DisputeFacts) and found.status == "inquiry"


@pytest.mark.parametrize(
    "kind", ["payment_intent", "checkout.session", "refund", "dispute", "payment_method", "invoice"]
)
def test_what_stripe_does_not_know_comes_to_nothing(stripe: StripeWorld, kind: str) -> None:
    assert provider.facts_of(Notice("stripe", "evt_1", f"{kind}.made_up", kind, "xx_unknown")) is None


def test_a_stripe_that_is_away_is_asked_again(stripe: StripeWorld, account: Account) -> None:
    pay(stripe, account)
    notice = newest(stripe, "payment_intent.succeeded")
    for mode in ("lost", "500", "429"):
        stripe.site.fail_next("/v1/payment_intents/*", mode)
        with pytest.raises(ProviderUnavailableError):
            provider.facts_of(notice)


def test_a_payment_settles_though_its_copy_cannot_be_made(stripe: StripeWorld, account: Account) -> None:
    paid = pay(stripe, account)
    PaymentMethod.objects.all().delete()
    stripe.site.fail_next("/v1/payment_methods/*", "lost", times=9)
    stripe.site.fail_next("/v1/account", "lost", times=9)
    assert provider.facts_of(newest(stripe, "payment_intent.succeeded")) == paid


def test_a_deleted_customer_gets_a_successor(stripe: StripeWorld, account: Account) -> None:
    from billing.providers.stripe import client

    first = customers.customer_of(payer_of(account))
    client.client().v1.customers.delete(first)
    assert provider.facts_of(newest(stripe, "customer.deleted")) is None
    second = customers.customer_of(payer_of(account))
    assert second != first
    assert customers.account_of(first) == customers.account_of(second) == account.pk


def test_a_payment_of_a_foreign_customer_is_nobodys(stripe: StripeWorld, account: Account) -> None:
    from billing.providers.stripe import client

    foreign = client.client().v1.customers.create({"metadata": {"djstripe_subscriber": "0"}})
    made = client.client().v1.payment_intents.create(
        {"amount": 900, "currency": "usd", "customer": foreign.id, "payment_method": "pm_card_visa", "confirm": True}
    )
    found = provider.facts_of(newest(stripe, "payment_intent.succeeded"))
    assert isinstance(found, PaymentFacts)
    assert (found.payment_reference, found.account_id, found.top_up_reference) == (made.id, None, "")


def test_the_books_list_every_payment_refund_and_dispute(stripe: StripeWorld, account: Account) -> None:
    from datetime import timedelta

    from django.utils import timezone

    since = timezone.now() - timedelta(hours=1)
    paid = [pay(stripe, account, f"{number}.00") for number in range(10, 22)]
    provider.charge(charge_request(account, card_reference=stripe.save_card(account, "pm_card_chargeCustomerFail")))
    sent = provider.refund(refund_request(paid[0].payment_reference, "1.00"))
    disputed = stripe.site.open_dispute(paid[1].charge_reference)
    assert list(provider.payments_since(since)) == paid[::-1]
    assert list(provider.refunds_since(since)) == [sent]
    assert [found.provider_reference for found in provider.disputes_since(since)] == [disputed["id"]]
    assert list(provider.payments_since(timezone.now() + timedelta(hours=1))) == []


@pytest.mark.parametrize(
    ("succeeded", "outcome"), [(True, Outcome.SUCCEEDED), (False, Outcome.FAILED)], ids=["arrives", "fails"]
)
def test_a_payment_that_takes_days_is_pending_until_then(
    stripe: StripeWorld, account: Account, succeeded: bool, outcome: Outcome
) -> None:
    begun = provider.charge(charge_request(account))
    stripe.site.delay_next_payment()
    stripe.pay(begun.redirect_url)
    completed = newest(stripe, "checkout.session.completed")
    waiting = provider.facts_of(completed)
    assert isinstance(waiting, PaymentFacts)
    assert (waiting.outcome, waiting.provider_reference) == (Outcome.PENDING, begun.provider_reference)
    stripe.site.settle_payment(waiting.payment_reference, succeeded=succeeded)
    settled = provider.facts_of(completed)
    assert isinstance(settled, PaymentFacts) and settled.outcome == outcome
