"""Idempotency keys: one piece of work per key, whatever became of its answer."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import stripe

from tests.fakes.http import Server
from tests.fakes.stripe import StripeSite
from tests.fakes_tests.stripe.conftest import LIVE_KEY, charge_of, client_of


def key(name: str) -> Any:
    return {"idempotency_key": name}


def headers_of(answer: Any) -> Any:
    return answer.last_response.headers


@pytest.fixture
def order(customer: stripe.Customer, card: stripe.PaymentMethod) -> Any:
    return charge_of(customer.id, card.id)


def test_a_key_that_comes_again_gets_the_first_answer(
    client: stripe.StripeClient, site: StripeSite, order: Any
) -> None:
    first = client.v1.payment_intents.create(order, key("k"))
    again = client.v1.payment_intents.create(order, key("k"))
    assert again.id == first.id
    assert "idempotent-replayed" not in headers_of(first)
    assert headers_of(again)["idempotent-replayed"] == "true"
    assert headers_of(again)["original-request"] == headers_of(first)["request-id"]
    assert [movement.amount for movement in site.journal()] == [2000]


def test_a_key_with_other_parameters_is_refused(client: stripe.StripeClient, site: StripeSite, order: Any) -> None:
    client.v1.payment_intents.create(order, key("k"))
    with pytest.raises(stripe.IdempotencyError) as caught:
        client.v1.payment_intents.create(order | {"amount": 2001}, key("k"))
    assert caught.value.http_status == 400
    assert [movement.amount for movement in site.journal()] == [2000]


def test_a_declined_charge_is_replayed_as_declined(
    client: stripe.StripeClient, site: StripeSite, order: Any, card: stripe.PaymentMethod
) -> None:
    site.set_card_behaviour(card.id, decline="insufficient_funds")
    for _ in range(2):
        with pytest.raises(stripe.CardError) as caught:
            client.v1.payment_intents.create(order, key("k"))
    assert (caught.value.http_status, caught.value.code) == (402, "card_declined")
    assert len(site.objects("charge")) == 1
    site.set_card_behaviour(card.id, decline="")
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.create(order, key("k"))
    assert client.v1.payment_intents.create(order, key("k2")).status == "succeeded"


@pytest.mark.parametrize(("mode", "charged"), [("500", 0), ("500-after", 1)])
def test_a_500_is_replayed_too(
    client: stripe.StripeClient, site: StripeSite, order: Any, mode: str, charged: int
) -> None:
    site.fail_next("/v1/payment_intents", mode, method="POST")
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            client.v1.payment_intents.create(order, key("k"))
        assert caught.value.http_status == 500
    assert len(site.journal()) == charged


def test_a_429_and_a_bad_parameter_leave_no_mark(client: stripe.StripeClient, site: StripeSite, order: Any) -> None:
    site.fail_next("/v1/payment_intents", "429")
    with pytest.raises(stripe.RateLimitError):
        client.v1.payment_intents.create(order, key("k"))
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create(order | {"nothing": 1}, key("k"))
    assert client.v1.payment_intents.create(order, key("k")).status == "succeeded"


def test_a_key_whose_request_still_runs_is_in_use(
    client: stripe.StripeClient, site: StripeSite, server: Server, order: Any
) -> None:
    fault = site.fail_next("/v1/payment_intents", "stall")
    done: list[str] = []
    first = threading.Thread(target=lambda: done.append(client.v1.payment_intents.create(order, key("k")).id))
    first.start()
    assert fault.reached.wait(10)
    second = client_of(server)
    with pytest.raises(stripe.StripeError) as caught:
        second.v1.payment_intents.create(order, key("k"))
    assert caught.value.http_status == 409
    body: Any = caught.value.json_body
    assert body["error"]["code"] == "idempotency_key_in_use"
    fault.release()
    first.join(10)
    assert second.v1.payment_intents.create(order, key("k")).id == done[0]


def test_a_cut_answer_has_charged_once(client: stripe.StripeClient, site: StripeSite, order: Any) -> None:
    site.fail_next("/v1/payment_intents", "cut", method="POST")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.create(order, key("k"))
    assert [movement.amount for movement in site.journal()] == [2000]
    assert client.v1.payment_intents.create(order, key("k")).status == "succeeded"
    assert [movement.amount for movement in site.journal()] == [2000]


def test_a_lost_request_has_charged_nothing(client: stripe.StripeClient, site: StripeSite, order: Any) -> None:
    site.fail_next("/v1/payment_intents", "lost", method="POST")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.create(order, key("k"))
    assert site.journal() == []


def test_an_answer_that_hangs_has_charged(
    site: StripeSite, server: Server, client: stripe.StripeClient, order: Any
) -> None:
    fault = site.fail_next("/v1/payment_intents", "hang", method="POST")
    impatient = stripe.StripeClient(
        "sk_test_000000000000000000000001",
        base_addresses={"api": server.url},
        max_network_retries=0,
        http_client=stripe.HTTPXClient(timeout=0.2, allow_sync_methods=True),
    )
    with pytest.raises(stripe.APIConnectionError):
        impatient.v1.payment_intents.create(order, key("k"))
    assert fault.reached.is_set()
    assert [movement.amount for movement in site.journal()] == [2000]
    fault.release()


def test_a_key_is_forgotten_after_a_day(client: stripe.StripeClient, site: StripeSite, order: Any) -> None:
    first = client.v1.payment_intents.create(order, key("k"))
    began = site.clock()
    site.clock = lambda: began + 24 * 3600 + 10
    assert client.v1.payment_intents.create(order, key("k")).id != first.id
    assert [movement.amount for movement in site.journal()] == [2000, 2000]


def test_a_key_belongs_to_its_mode(client: stripe.StripeClient, server: Server) -> None:
    ours = client.v1.customers.create({}, key("k"))
    theirs = client_of(server, LIVE_KEY).v1.customers.create({}, key("k"))
    assert ours.id != theirs.id


def test_a_stopped_server_answers_nobody(site: StripeSite) -> None:
    with Server({"": site}) as server, httpx.Client() as kept:
        assert kept.get(f"{server.url}/v1/account").status_code == 401
        server.stop()
        with pytest.raises(httpx.TransportError):
            kept.get(f"{server.url}/v1/account")


def test_a_key_used_by_twenty_at_once_charges_once(site: StripeSite, server: Server, order: Any) -> None:
    def charged(_: int) -> str:
        client = client_of(server)
        while True:
            try:
                return client.v1.payment_intents.create(order, key("k")).id
            except stripe.StripeError as error:
                assert error.http_status == 409

    with ThreadPoolExecutor(20) as pool:
        made = set(pool.map(charged, range(20)))
    assert len(made) == 1
    assert [movement.amount for movement in site.journal()] == [2000]
