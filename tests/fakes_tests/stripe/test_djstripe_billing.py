"""dj-stripe reads the stand-in's subscriptions and invoices, with everything that it fetches besides."""

from __future__ import annotations

import httpx
import pytest
import stripe
from djstripe import models

from tests.fakes.stripe import StripeSite
from tests.fakes_tests.stripe.test_checkout import typed
from tests.fakes_tests.stripe.test_djstripe import its_own_stripe, synced
from tests.fakes_tests.stripe.test_subscriptions import sold

__all__ = ["its_own_stripe"]
pytestmark = pytest.mark.django_db


def test_a_subscription_and_its_invoice_are_read(
    client: stripe.StripeClient, site: StripeSite, browser: httpx.Client, customer: stripe.Customer
) -> None:
    session = sold(client, customer)
    browser.post(str(session.url), data=typed("4242424242424242"))
    found = client.v1.checkout.sessions.retrieve(session.id)
    kept = synced(models.Subscription, str(found.subscription))
    assert (kept.stripe_data["status"], kept.customer.id) == ("active", customer.id)
    assert models.SubscriptionItem.objects.get().subscription == kept
    invoice = synced(models.Invoice, str(found.invoice))
    assert (invoice.status, invoice.stripe_data["amount_paid"], invoice.customer.id) == ("paid", 4900, customer.id)
    assert invoice.stripe_data["parent"]["subscription_details"]["subscription"] == kept.id
    assert models.Product.objects.get().stripe_data["name"] == "Pro"
    site.advance_subscription(kept.id)
    assert synced(models.Subscription, kept.id).stripe_data["items"]["data"][0]["quantity"] == 1
