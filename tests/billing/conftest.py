"""Payment providers for tests: stand-ins in this process, wired into the settings, with webhooks that a test delivers.

`stripe` answers for Stripe: `stripe.site` is the stand-in, `stripe.deliver()` posts what it held back, `stripe.pay()`
fills in its pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.billing.robokassa import robokassa
from tests.fakes.http import Server
from tests.fakes.stripe import StripeSite

if TYPE_CHECKING:
    from organizations.models import Account

__all__ = ["robokassa", "stripe"]

SITE_URL = "http://testserver"
ASKS_NOBODY = frozenset(["is_ready", "is_stand_in", "is_live", "parse_webhook"])


@pytest.fixture(autouse=True)
def _no_provider_is_asked_inside_a_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that hangs must never hold a lock of ours (DESIGN.md, 'The two hot paths')."""
    from billing.providers.robokassa.provider import RobokassaProvider
    from billing.providers.stripe.provider import StripeProvider

    for owner in (StripeProvider, RobokassaProvider):
        for name, method in list(vars(owner).items()):
            if not name.startswith("_") and name not in ASKS_NOBODY and callable(method):
                monkeypatch.setattr(owner, name, _outside_transactions(method))


def _outside_transactions(ask: Callable[..., Any]) -> Callable[..., Any]:
    """The same, refused within any `atomic` but the test's own."""
    from django.db import connection

    @wraps(ask)
    def asked(*arguments: Any, **options: Any) -> Any:
        is_outside = all(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
        assert is_outside, f"{ask.__qualname__} was called inside a transaction."
        return ask(*arguments, **options)

    return asked


@dataclass
class StripeWorld:
    """A Stripe that holds its webhooks back until the test delivers them."""

    site: StripeSite
    url: str
    delivered: set[str] = field(default_factory=set)

    def deliver(self, *events: str | dict[str, Any], times: int = 1, **changes: Any) -> list[int]:
        """Post webhooks through Django's test client, in this order, each `times` times; the answers' statuses.

        Without events: all that were not delivered yet, oldest first. `secret`, `timestamp` and `changes` forge them.
        """
        names = [each if isinstance(each, str) else each["id"] for each in events]
        if not events:
            names = [each["id"] for each in self.site.events() if each["id"] not in self.delivered]
        self.delivered.update(names)
        prepared = [each for name in names for each in self.site.prepared(name, **changes)]
        return [self.post(each.url, each.body, each.headers) for each in prepared for _ in range(times)]

    def pay(self, url: str, number: str = "4242424242424242", **typed: str) -> httpx.Response:
        """Fill in a Checkout page and press Pay: a redirect, or the page again with what the bank said."""
        card = {} if "saved" in typed else {"number": number, "expiry": "12/34", "cvc": "123", "name": "Ann Payer"}
        return httpx.post(url, data={**card, **typed, "act": "pay"})

    def confirm(self, asked: httpx.Response, answer: str = "confirm") -> httpx.Response:
        """On the bank's page that `pay` led to, say that it is the payer; or `refuse`."""
        return httpx.post(asked.headers["Location"], data={"answer": answer})

    def save_card(self, account: Account, token: str = "pm_card_visa") -> str:
        """Attach one of Stripe's test cards to the account's customer; the payment method's identifier."""
        from billing.providers.base import Payer
        from billing.providers.stripe import client, customers

        customer = customers.customer_of(Payer(account.pk, account.name, account.email))
        return client.client().v1.payment_methods.attach(token, {"customer": customer}).id

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """Post any body to a webhook address; the answer's status."""
        from django.test import Client

        given = {name: value for name, value in headers.items() if name != "Content-Type"}
        client = Client(raise_request_exception=False)
        answer = client.post(urlsplit(url).path, data=body, content_type="application/json", headers=given)
        return answer.status_code


@pytest.fixture
def stripe(db: None, settings: Any) -> Iterator[StripeWorld]:
    """A running stand-in with our endpoint registered at it; its webhooks wait for `stripe.deliver()`."""
    from billing.providers.stripe import client
    from billing.providers.stripe.endpoint import register_endpoint

    site = StripeSite(deliveries="held")
    before = getattr(settings, "STRIPE_API_HOST", client.STRIPES_OWN_HOST)
    settings.STRIPE_LIVE_MODE, settings.STRIPE_LIVE_SECRET_KEY = False, ""
    settings.STRIPE_TEST_SECRET_KEY = "sk_test_" + "standin0" * 4
    with Server({"": site}) as server:
        settings.STRIPE_API_HOST = server.url
        client.configure()
        register_endpoint(SITE_URL)
        yield StripeWorld(site, server.url)
    settings.STRIPE_API_HOST = before
    client.configure()
