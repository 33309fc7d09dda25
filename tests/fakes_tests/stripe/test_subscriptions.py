"""Subscriptions of the stand-in: begun by Checkout, renewed month by month, failing, ended with their period or now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import stripe

from tests.fakes.stripe import StripeSite, periods
from tests.fakes_tests.stripe.test_checkout import typed

MONTH = {"interval": "month", "interval_count": 1}


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def sold(client: stripe.StripeClient, customer: stripe.Customer, **more: Any) -> stripe.checkout.Session:
    """The page of a plan of 49 USD a month."""
    price = {
        "currency": "usd",
        "unit_amount": 4900,
        "recurring": {"interval": "month"},
        "product_data": {"name": "Pro"},
    }
    order: Any = {
        "mode": "subscription",
        "customer": customer.id,
        "success_url": "http://shop.test/done",
        "cancel_url": "http://shop.test/back",
        "line_items": [{"quantity": 1, "price_data": price}],
        "subscription_data": {"metadata": {"subscription": "r-1"}},
        **more,
    }
    return client.v1.checkout.sessions.create(order)


@pytest.fixture
def subscription(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client, customer: stripe.Customer
) -> stripe.Subscription:
    site.clock = lambda: moment("2027-01-31T12:00:00")
    session = sold(client, customer, expires_at=int(site.clock()) + 3600)
    assert browser.post(str(session.url), data=typed("4242424242424242")).status_code == 303
    found = client.v1.checkout.sessions.retrieve(session.id)
    assert (found.status, found.payment_status, found.payment_intent) == ("complete", "paid", None)
    return client.v1.subscriptions.retrieve(str(found.subscription))


def period(subscription: Any) -> tuple[int, int]:
    (item,) = subscription["items"]["data"]
    return item["current_period_start"], item["current_period_end"]


def statuses(site: StripeSite, type: str) -> list[str]:
    return [event["data"]["object"]["status"] for event in site.events(type)]


def test_a_paid_page_is_an_active_subscription_with_its_paid_invoice(
    client: stripe.StripeClient, site: StripeSite, subscription: stripe.Subscription
) -> None:
    assert (subscription.status, subscription.metadata["subscription"]) == ("active", "r-1")
    assert period(subscription) == (moment("2027-01-31T12:00:00"), moment("2027-02-28T12:00:00"))
    assert not hasattr(subscription, "current_period_start")
    (invoice,) = client.v1.invoices.list({"subscription": subscription.id, "expand": ["data.payments"]}).data
    assert (invoice.status, invoice.billing_reason, invoice.amount_paid) == ("paid", "subscription_create", 4900)
    assert invoice.to_dict()["parent"]["subscription_details"]["metadata"] == {"subscription": "r-1"}
    assert invoice.payments
    (payment,) = invoice.payments.data
    intent = client.v1.payment_intents.retrieve(str(payment.payment.payment_intent))
    assert (intent.status, intent.amount, intent.customer) == ("succeeded", 4900, subscription.customer)
    assert site.totals() == {(subscription.customer, "usd"): 4900}
    assert [each.kind for each in site.journal()] == ["payment"]


def test_the_first_payment_tells_of_everything(site: StripeSite, subscription: stripe.Subscription) -> None:
    told = [event["type"] for event in site.events()]
    for name in (
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "customer.subscription.updated",
        "checkout.session.completed",
        "payment_intent.succeeded",
        "charge.succeeded",
    ):
        assert told.count(name) == 1, name


def test_a_declined_first_payment_leaves_no_subscription_and_another_card_begins_it_once(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client, customer: stripe.Customer
) -> None:
    session = sold(client, customer)
    assert browser.post(str(session.url), data=typed("4000000000000002")).status_code == 402
    assert client.v1.subscriptions.list({"status": "all"}).data == []
    for _ in range(2):
        assert browser.post(str(session.url), data=typed("4242424242424242")).status_code == 303
    assert len(client.v1.subscriptions.list().data) == len(site.journal()) == 1


def test_the_next_month_keeps_the_day_and_is_charged_to_the_same_card(
    client: stripe.StripeClient, site: StripeSite, subscription: stripe.Subscription
) -> None:
    renewed = site.advance_subscription(subscription.id)
    assert period(renewed) == (moment("2027-02-28T12:00:00"), moment("2027-03-31T12:00:00"))
    assert (renewed["status"], period(site.advance_subscription(subscription.id))[1]) == (
        "active",
        moment("2027-04-30T12:00:00"),
    )
    paid = client.v1.invoices.list({"subscription": subscription.id, "status": "paid"}).data
    assert [each.billing_reason for each in paid] == ["subscription_cycle", "subscription_cycle", "subscription_create"]
    assert site.totals() == {(subscription.customer, "usd"): 3 * 4900}
    line = paid[0].lines.data[0]
    assert (line.period.start, line.period.end) == period(site.object(subscription.id))


def test_a_renewal_that_the_card_refuses_makes_it_past_due_until_it_is_paid(
    client: stripe.StripeClient, site: StripeSite, subscription: stripe.Subscription
) -> None:
    card = str(subscription.default_payment_method)
    site.set_card_behaviour(card, decline="insufficient_funds")
    assert site.advance_subscription(subscription.id)["status"] == "past_due"
    (open_one,) = client.v1.invoices.list({"subscription": subscription.id, "status": "open"}).data
    assert (open_one.attempt_count, open_one.amount_remaining) == (1, 4900)
    assert statuses(site, "invoice.payment_failed") == ["open"]
    with pytest.raises(stripe.CardError) as refused:
        client.v1.invoices.pay(open_one.id)
    assert refused.value.code == "card_declined"
    site.set_card_behaviour(card, decline="")
    assert client.v1.invoices.pay(open_one.id).status == "paid"
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert statuses(site, "customer.subscription.updated")[-2:] == ["past_due", "active"]


def test_a_bank_that_wants_the_payer_fails_a_renewal_and_says_so(
    site: StripeSite, subscription: stripe.Subscription
) -> None:
    site.set_card_behaviour(str(subscription.default_payment_method), authentication="always")
    assert site.advance_subscription(subscription.id)["status"] == "past_due"
    assert len(site.events("invoice.payment_action_required")) == 1


def test_one_that_is_to_end_with_its_period_runs_until_then(
    client: stripe.StripeClient, site: StripeSite, subscription: stripe.Subscription
) -> None:
    ending = client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert (ending.status, ending.cancel_at) == ("active", period(ending)[1])
    resumed = client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    assert (resumed.cancel_at, resumed.canceled_at) == (None, None)
    client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert site.advance_subscription(subscription.id)["status"] == "canceled"
    assert statuses(site, "customer.subscription.deleted") == ["canceled"]
    assert site.totals() == {(subscription.customer, "usd"): 4900}


def test_a_cancelled_one_is_over_and_takes_no_more_calls(
    client: stripe.StripeClient, site: StripeSite, subscription: stripe.Subscription
) -> None:
    assert client.v1.subscriptions.cancel(subscription.id).status == "canceled"
    assert client.v1.subscriptions.list({"customer": str(subscription.customer)}).data == []
    assert len(client.v1.subscriptions.list({"status": "all"}).data) == 1
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription"):
        client.v1.subscriptions.cancel(subscription.id)
    with pytest.raises(stripe.InvalidRequestError, match="can only update"):
        client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert client.v1.subscriptions.update(subscription.id, {"metadata": {"a": "b"}}).metadata["a"] == "b"


def test_a_parameter_that_there_is_not_is_refused(
    client: stripe.StripeClient, subscription: stripe.Subscription
) -> None:
    wrong: Any = {"cancel_at_period_ends": True}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.subscriptions.update(subscription.id, wrong)
    assert refused.value.code == "parameter_unknown"


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "2027-01-31"), (1, "2027-02-28"), (2, "2027-03-31"), (13, "2028-02-29"), (24, "2029-01-31")],
)
def test_months_keep_the_day_of_their_anchor_as_far_as_they_have_it(number: int, expected: str) -> None:
    anchor = moment("2027-01-31T12:00:00")
    assert periods.begin(anchor, MONTH, number) == moment(f"{expected}T12:00:00")


def test_a_product_has_no_features(client: stripe.StripeClient) -> None:
    product = client.v1.products.create({"name": "Pro"})
    assert client.v1.products.features.list(product.id).data == []
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.products.features.list("prod_none")
    assert refused.value.code == "resource_missing"
