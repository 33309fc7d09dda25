"""Refunds and disputes: never more than was paid, and a journal that says where the money is."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.fakes.stripe import StripeSite
from tests.fakes_tests.stripe.conftest import charge_of


@pytest.fixture
def paid(client: stripe.StripeClient, customer: stripe.Customer, card: stripe.PaymentMethod) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(charge_of(customer.id, card.id))


def moved(site: StripeSite) -> list[tuple[str, int]]:
    return [(movement.kind, movement.amount) for movement in site.journal()]


def types(site: StripeSite, after: int) -> list[str]:
    return [event["type"] for event in site.events()][after:]


def test_partial_refunds_end_at_the_charge(client: stripe.StripeClient, site: StripeSite, paid: Any) -> None:
    before = len(site.events())
    first = client.v1.refunds.create({"payment_intent": paid.id, "amount": 500, "reason": "requested_by_customer"})
    assert (first.status, first.amount, first.charge) == ("succeeded", 500, paid.latest_charge)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": paid.latest_charge, "amount": 1501})
    assert caught.value.user_message == (
        "Refund amount ($15.01 usd) is greater than unrefunded amount on charge ($15.00 usd)"
    )
    assert client.v1.refunds.create({"charge": paid.latest_charge}).amount == 1500
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": paid.id})
    assert caught.value.code == "charge_already_refunded"
    charge: Any = client.v1.charges.retrieve(paid.latest_charge, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (2000, True)
    assert [refund.amount for refund in charge.refunds.data] == [1500, 500]
    assert moved(site) == [("payment", 2000), ("refund", -500), ("refund", -1500)]
    assert types(site, before) == ["refund.created", "charge.refunded"] * 2
    assert site.totals() == {(paid.customer, "usd"): 0}


def test_a_refund_that_fails_gives_its_part_back_once(client: stripe.StripeClient, site: StripeSite, paid: Any) -> None:
    refund = client.v1.refunds.create({"payment_intent": paid.id, "amount": 500})
    before = len(site.events())
    site.fail_refund(refund.id)
    with pytest.raises(Exception, match="This refund is failed"):
        site.fail_refund(refund.id)
    failed = client.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert client.v1.charges.retrieve(paid.latest_charge).amount_refunded == 0
    assert moved(site) == [("payment", 2000), ("refund", -500), ("refund_failure", 500)]
    assert types(site, before) == ["refund.failed", "charge.refund.updated", "charge.updated"]
    assert client.v1.refunds.create({"payment_intent": paid.id}).amount == 2000


def test_a_pending_refund_is_settled_or_cancelled(
    client: stripe.StripeClient, site: StripeSite, paid: Any, card: stripe.PaymentMethod
) -> None:
    site.set_card_behaviour(card.id, refund="pending")
    first = client.v1.refunds.create({"payment_intent": paid.id, "amount": 500})
    second = client.v1.refunds.create({"payment_intent": paid.id, "amount": 700})
    assert (first.status, second.status) == ("pending", "pending")
    site.settle_refund(first.id)
    assert client.v1.refunds.cancel(second.id).status == "canceled"
    assert client.v1.refunds.retrieve(first.id).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.cancel(first.id)
    assert client.v1.charges.retrieve(paid.latest_charge).amount_refunded == 500
    assert [each.id for each in client.v1.refunds.list({"payment_intent": paid.id}).data] == [second.id, first.id]


def test_a_payment_that_failed_has_nothing_to_refund(client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert caught.value.param == "payment_intent"


def test_a_dispute_takes_the_money_and_returns_it_when_won(
    client: stripe.StripeClient, site: StripeSite, paid: Any
) -> None:
    before = len(site.events())
    dispute = site.open_dispute(paid.latest_charge, reason="product_not_received")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": paid.id})
    assert caught.value.code == "charge_disputed"
    answered = client.v1.disputes.update(dispute["id"], {"evidence": {"uncategorized_text": "It was delivered."}})
    assert answered.status == "under_review"
    site.close_dispute(dispute["id"], won=True)
    with pytest.raises(Exception, match="already closed"):
        site.close_dispute(dispute["id"], won=False)
    seen = client.v1.disputes.retrieve(dispute["id"])
    assert (seen.status, seen.reason) == ("won", "product_not_received")
    assert [(each.amount, each.fee) for each in seen.balance_transactions] == [(-2000, 1500), (2000, 0)]
    assert types(site, before) == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.updated",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]
    assert moved(site) == [("payment", 2000), ("dispute", -2000), ("reinstatement", 2000)]


def test_a_lost_dispute_keeps_the_money(client: stripe.StripeClient, site: StripeSite, paid: Any) -> None:
    dispute = site.open_dispute(paid.latest_charge, amount=700)
    assert client.v1.disputes.close(dispute["id"]).status == "lost"
    assert moved(site) == [("payment", 2000), ("dispute", -700)]
    assert [each.id for each in client.v1.disputes.list({"payment_intent": paid.id}).data] == [dispute["id"]]


def test_an_inquiry_moves_no_money_until_it_becomes_a_dispute(
    client: stripe.StripeClient, site: StripeSite, paid: Any
) -> None:
    inquiry = site.open_dispute(paid.latest_charge, status="warning_needs_response")
    assert client.v1.refunds.create({"payment_intent": paid.id, "amount": 100}).status == "succeeded"
    assert moved(site) == [("payment", 2000), ("refund", -100)]
    assert site.escalate_dispute(inquiry["id"])["status"] == "needs_response"
    assert moved(site)[-1] == ("dispute", -2000)


def test_the_card_of_disputes_is_disputed_at_once(client: stripe.StripeClient, site: StripeSite) -> None:
    client.v1.payment_intents.create(
        {"amount": 900, "currency": "usd", "payment_method": "pm_card_createDispute", "confirm": True}
    )
    assert moved(site) == [("payment", 900), ("dispute", -900)]
    (dispute,) = client.v1.disputes.list().data
    assert (dispute.amount, dispute.status, dispute.reason) == (900, "needs_response", "fraudulent")
