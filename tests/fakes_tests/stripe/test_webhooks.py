"""Webhooks: signed as Stripe signs, delivered in order, repeated, held back, doubled and forged on demand."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
import stripe

from tests.fakes.http import Server
from tests.fakes.stripe import API_VERSION, StripeSite, signature
from tests.fakes_tests.stripe.conftest import Receiver, charge_of

SECRET = "whsec_known_beforehand"


@pytest.fixture
def endpoint(site: StripeSite, server: Server) -> Any:
    return site.add_endpoint(f"{server.url}/hook/stripe", secret=SECRET)


def test_a_delivery_is_signed_as_the_library_verifies(
    site: StripeSite, receiver: Receiver, endpoint: Any, client: stripe.StripeClient
) -> None:
    client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k"})
    (outcome,) = site.deliver()
    (request,) = receiver.received
    event: Any = stripe.Webhook.construct_event(request.body, request.headers["stripe-signature"], SECRET)
    assert (outcome.status, outcome.event, event.id) == (200, event.id, event.id)
    assert (event.type, event.api_version, event.livemode) == ("customer.created", API_VERSION, False)
    assert (event.data.object.email, event["request"]["idempotency_key"]) == ("a@example.com", "k")
    assert site.undelivered() == []
    assert client.v1.events.retrieve(event.id).pending_webhooks == 0


def test_a_forged_a_stale_and_an_altered_delivery_are_told_apart(
    site: StripeSite, endpoint: Any, client: stripe.StripeClient
) -> None:
    client.v1.customers.create({})
    (event,) = site.events()
    (good,) = site.prepared(event["id"])
    (forged,) = site.prepared(event["id"], secret="whsec_other")
    (stale,) = site.prepared(event["id"], timestamp=int(time.time()) - 301)
    (altered,) = site.prepared(event["id"], changes={"livemode": True})
    assert stripe.Webhook.construct_event(good.body, good.headers["Stripe-Signature"], SECRET).id == event["id"]
    for bad in (forged, stale):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(bad.body, bad.headers["Stripe-Signature"], SECRET)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(altered.body, good.headers["Stripe-Signature"], SECRET)
    assert stripe.Webhook.construct_event(altered.body, altered.headers["Stripe-Signature"], SECRET).livemode is True


def test_the_signature_is_an_hmac_of_the_time_and_the_raw_body() -> None:
    """The answer is openssl's: `printf '1700000000.{"id": "evt_1"}' | openssl dgst -sha256 -hmac whsec_test`."""
    signed = "a0c091828640f0b68061abc7c03981ad1100ff7160c5dba6b656239494a2b537"
    made = signature(b'{"id": "evt_1"}', "whsec_test", timestamp=1_700_000_000)
    assert made == f"t=1700000000,v1={signed}"


def test_an_endpoint_gets_what_it_wants_and_its_secret_once(
    site: StripeSite, server: Server, client: stripe.StripeClient, receiver: Receiver
) -> None:
    made = client.v1.webhook_endpoints.create(
        {"url": f"{server.url}/hook/a", "enabled_events": ["customer.deleted", "customer.updated"]}
    )
    assert str(made.secret).startswith("whsec_")
    assert getattr(client.v1.webhook_endpoints.retrieve(made.id), "secret", None) is None
    kept = client.v1.customers.create({})
    client.v1.customers.update(kept.id, {"name": "A"})
    client.v1.customers.delete(kept.id)
    site.deliver()
    assert receiver.types() == ["customer.updated", "customer.deleted"]
    assert receiver.received[0].json()["data"]["previous_attributes"] == {"name": None}
    client.v1.webhook_endpoints.update(made.id, {"disabled": True})
    client.v1.customers.update(client.v1.customers.create({}).id, {"name": "B"})
    assert site.undelivered() == []
    client.v1.webhook_endpoints.delete(made.id)
    assert client.v1.webhook_endpoints.list().data == []


def test_held_deliveries_leave_in_the_order_asked_and_as_often(
    site: StripeSite, endpoint: Any, client: stripe.StripeClient, receiver: Receiver
) -> None:
    for _ in range(3):
        client.v1.customers.create({})
    first, second, third = (event["id"] for event in site.events())
    site.deliver([third, first], times=2)
    assert receiver.ids() == [third, third, first, first]
    assert [each["event"] for each in site.undelivered()] == [second]
    outcomes = site.deliver([second], times=20, at_once=True)
    assert [outcome.status for outcome in outcomes] == [200] * 20
    assert receiver.ids()[4:] == [second] * 20
    assert site.undelivered() == []


def test_released_deliveries_leave_by_themselves_in_order(
    site: StripeSite, endpoint: Any, client: stripe.StripeClient, receiver: Receiver,
    customer: stripe.Customer, card: stripe.PaymentMethod,
) -> None:  # fmt: skip
    client.v1.payment_intents.create(charge_of(customer.id, card.id))
    assert receiver.received == []
    site.release()
    assert site.drain()
    assert receiver.ids() == [event["id"] for event in site.events()]


def test_a_delivery_that_is_not_taken_is_repeated(
    site: StripeSite, endpoint: Any, client: stripe.StripeClient, receiver: Receiver
) -> None:
    receiver.statuses = [500, 400]
    site.release()
    client.v1.customers.create({})
    (event,) = site.events()
    while site.undelivered():
        assert site.drain()
    assert receiver.ids() == [event["id"]] * 3
    assert client.v1.events.list({"delivery_success": True}).data[0].id == event["id"]


def test_a_delivery_is_given_up_after_its_last_pause(
    site: StripeSite, endpoint: Any, client: stripe.StripeClient, receiver: Receiver
) -> None:
    receiver.statuses = [500] * 9
    site.release()
    client.v1.customers.create({})
    while site.undelivered():
        assert site.drain()
    assert len(receiver.received) == 3


def test_twice_means_twice(site: StripeSite, endpoint: Any, client: stripe.StripeClient, receiver: Receiver) -> None:
    site.release("twice")
    client.v1.customers.create({})
    assert site.drain()
    (event,) = site.events()
    assert receiver.ids() == [event["id"]] * 2


def test_a_redirect_is_no_success_and_an_endpoint_gets_only_what_it_wants(
    site: StripeSite, server: Server, client: stripe.StripeClient, receiver: Receiver
) -> None:
    receiver.statuses = [303]
    site.add_endpoint(f"{server.url}/hook/one")
    site.add_endpoint(f"{server.url}/hook/other", events=["charge.succeeded"])
    client.v1.customers.create({})
    assert [outcome.status for outcome in site.deliver()] == [303]
    assert receiver.types() == ["customer.created"]
    assert len(site.undelivered()) == 1


def test_a_renewed_card_is_told(
    site: StripeSite, client: stripe.StripeClient, customer: stripe.Customer, card: stripe.PaymentMethod
) -> None:
    site.renew_card(card.id, exp_month=1, exp_year=2040)
    (event,) = site.events("payment_method.automatically_updated", about=card.id)
    assert event["data"]["object"]["card"]["exp_year"] == 2040
    assert event["data"]["previous_attributes"]["card"]["exp_year"] == 2034


def test_an_endpoint_that_is_away_is_told_of_as_status_0(site: StripeSite, client: stripe.StripeClient) -> None:
    site.add_endpoint("http://127.0.0.1:9/hook")
    client.v1.customers.create({})
    assert [outcome.status for outcome in site.deliver()] == [0]
    assert len(site.undelivered()) == 1


def test_events_are_listed_by_type(client: stripe.StripeClient, customer: stripe.Customer, card: Any) -> None:
    client.v1.payment_intents.create(charge_of(customer.id, card.id))

    def types(**params: Any) -> list[str]:
        return [event.type for event in client.v1.events.list(params).data]  # type: ignore[arg-type]

    assert types(type="payment_intent.*") == ["payment_intent.succeeded", "payment_intent.created"]
    assert types(types=["charge.succeeded", "customer.created"]) == ["charge.succeeded", "customer.created"]


def test_another_process_gives_the_same_orders_as_json(
    site: StripeSite, endpoint: Any, browser: httpx.Client, client: stripe.StripeClient, receiver: Receiver,
    customer: stripe.Customer, card: stripe.PaymentMethod,
) -> None:  # fmt: skip
    def order(name: str, **given: Any) -> Any:
        answer = browser.post(f"/_control/{name}", json=given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert order("fail_next", path="/v1/payment_intents", mode="cut") == {"fault": 0}
    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.create(charge_of(customer.id, card.id), {"idempotency_key": "k"})
    paid = client.v1.payment_intents.create(charge_of(customer.id, card.id), {"idempotency_key": "k"})
    opened = order("open_dispute", charge=paid.latest_charge)
    assert order("close_dispute", id=opened["id"], won=False)["status"] == "lost"
    held = browser.get("/_control/undelivered").json()
    assert [each["type"] for each in held][:2] == ["customer.created", "payment_method.attached"]
    assert [each["status"] for each in order("deliver", events=[held[0]["event"]], times=2)] == [200, 200]
    assert receiver.types() == ["customer.created"] * 2
    (forged,) = order("forge", event=held[0]["event"], secret="whsec_other")
    assert forged["status"] == 200  # this receiver looks at no signature
    assert browser.get("/_control/totals").json() == [{"customer": customer.id, "currency": "usd", "amount": 0}]
    assert [each["kind"] for each in browser.get("/_control/journal").json()] == ["payment", "dispute"]
    assert browser.get("/_control/object", params={"id": customer.id}).json()["email"] == "payer@example.com"
    assert order("clock", at=1_000) == {"now": 1_000}
    assert order("clock", at=None)["now"] > 1_700_000_000
    for bad, status in (("nothing", 404), ("open_dispute", 400), ("settle_refund", 400)):
        assert browser.post(f"/_control/{bad}", json={}).status_code == status
    assert browser.post("/_control/settle_refund", json={"id": "re_no"}).status_code == 404
