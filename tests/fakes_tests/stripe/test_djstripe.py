"""dj-stripe reads every object of the stand-in, with everything that it fetches besides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe
from djstripe import models

from tests.fakes.http import Server
from tests.fakes.stripe import API_VERSION, StripeSite
from tests.fakes_tests.stripe.conftest import TEST_KEY
from tests.fakes_tests.stripe.test_checkout import order, typed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def its_own_stripe(server: Server, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(stripe, "api_base", server.url)
    monkeypatch.setattr(stripe, "api_version", API_VERSION)
    monkeypatch.setattr(stripe, "max_network_retries", 0)
    monkeypatch.setattr(stripe, "default_http_client", None)
    settings.STRIPE_LIVE_MODE = False
    settings.STRIPE_TEST_SECRET_KEY = TEST_KEY
    settings.DJSTRIPE_STRIPE_API_VERSION = API_VERSION
    yield


def synced(model: Any, id: str) -> Any:
    """What dj-stripe makes of an object: fetched as it fetches, then kept."""
    return model.sync_from_stripe_data(model(id=id, livemode=False).api_retrieve(api_key=TEST_KEY), api_key=TEST_KEY)


def test_every_object_of_a_payment_is_read(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client, customer: stripe.Customer
) -> None:
    session = client.v1.checkout.sessions.create(
        order(customer=customer.id, payment_intent_data={"setup_future_usage": "off_session"})
    )
    browser.post(str(session.url), data=typed("4242424242424242"))
    kept = synced(models.Session, session.id)
    assert (kept.stripe_data["payment_status"], kept.customer.id) == ("paid", customer.id)
    intent = synced(models.PaymentIntent, kept.payment_intent.id)
    assert (intent.stripe_data["amount"], intent.stripe_data["status"]) == (2500, "succeeded")
    charge = synced(models.Charge, intent.stripe_data["latest_charge"])
    assert charge.stripe_data["amount"] == 2500
    assert models.BalanceTransaction.objects.get().stripe_data["net"] == 2500 - 103
    method = synced(models.PaymentMethod, intent.stripe_data["payment_method"])
    assert (method.customer.id, method.stripe_data["card"]["last4"]) == (customer.id, "4242")
    refund = synced(models.Refund, client.v1.refunds.create({"charge": charge.id, "amount": 500}).id)
    assert refund.stripe_data["amount"] == 500
    dispute = synced(models.Dispute, site.open_dispute(charge.id)["id"])
    assert dispute.stripe_data["status"] == "needs_response"
    setup = client.v1.setup_intents.create({"customer": customer.id})
    assert synced(models.SetupIntent, setup.id).stripe_data["status"] == "requires_payment_method"
    assert models.Account.objects.get().id == site.account["id"]
