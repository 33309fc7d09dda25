"""A stand-in on loopback, with Stripe's own client and a plain one for its pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe

from tests.fakes.http import Request, Response, Server, Site
from tests.fakes.stripe import StripeSite

TEST_KEY = "sk_test_000000000000000000000001"
LIVE_KEY = "sk_live_000000000000000000000001"


class Receiver(Site):
    """A merchant's webhook: keeps what it gets, and answers with the statuses it was told to, then 200."""

    def __init__(self) -> None:
        self.received: list[Request] = []
        self.statuses: list[int] = []

    def handle(self, request: Request) -> Response:
        self.received.append(request)
        return Response.text("", self.statuses.pop(0) if self.statuses else 200)

    def types(self) -> list[str]:
        return [request.json()["type"] for request in self.received]

    def ids(self) -> list[str]:
        return [request.json()["id"] for request in self.received]


@pytest.fixture
def site() -> StripeSite:
    return StripeSite(deliveries="held", api_keys=[TEST_KEY, LIVE_KEY], pauses=(0.01, 0.02))


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def server(site: StripeSite, receiver: Receiver) -> Iterator[Server]:
    with Server({"": site, "/hook": receiver}) as running:
        yield running


def client_of(server: Server, key: str = TEST_KEY) -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": server.url}, max_network_retries=0)


@pytest.fixture
def client(server: Server) -> stripe.StripeClient:
    return client_of(server)


@pytest.fixture
def browser(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url) as plain:
        yield plain


@pytest.fixture
def customer(client: stripe.StripeClient) -> stripe.Customer:
    return client.v1.customers.create({"email": "payer@example.com"})


@pytest.fixture
def card(client: stripe.StripeClient, customer: stripe.Customer) -> stripe.PaymentMethod:
    return client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})


def charge_of(customer: str, method: str, amount: int = 2000, **more: Any) -> Any:
    """The parameters of an automatic charge."""
    return {
        "amount": amount,
        "currency": "usd",
        "customer": customer,
        "payment_method": method,
        "confirm": True,
        "off_session": True,
        **more,
    }
