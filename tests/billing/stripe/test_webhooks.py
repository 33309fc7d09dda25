"""Webhooks of Stripe: written down when the signature holds, once each, without asking Stripe anything."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from djstripe.models import Event, WebhookEndpoint, WebhookEventTrigger

from billing.models import ProviderEvent
from billing.providers.base import BadNoticeError
from billing.providers.stripe.endpoint import prune
from billing.providers.stripe.provider import StripeProvider
from organizations.models import Account
from tests.billing.conftest import StripeWorld
from tests.billing.stripe.requests import charge_request
from tests.fakes.stripe import signature

provider = StripeProvider()


@pytest.fixture
def paid(stripe: StripeWorld, make_account: Callable[..., Account]) -> dict[str, Any]:
    """The event of a payment that succeeded, not delivered yet."""
    account = make_account("aitelier")
    provider.charge(charge_request(account, card_reference=stripe.save_card(account)))
    (event,) = stripe.site.events("payment_intent.succeeded")
    return event


def test_a_webhook_becomes_a_row_of_the_inbox(stripe: StripeWorld, paid: dict[str, Any]) -> None:
    assert stripe.deliver(paid) == [200]
    row = ProviderEvent.objects.get()
    assert (row.provider, row.event_id, row.kind) == ("stripe", paid["id"], "payment_intent.succeeded")
    assert (row.object_kind, row.object_id) == ("payment_intent", paid["data"]["object"]["id"])
    assert row.status == "pending"
    trigger = WebhookEventTrigger.objects.get()
    assert (trigger.valid, trigger.processed, trigger.event_id) == (True, True, paid["id"])


def test_a_webhook_is_answered_without_asking_stripe(stripe: StripeWorld, paid: dict[str, Any]) -> None:
    fault = stripe.site.fail_next("*", "stall", times=100)
    assert stripe.deliver(paid) == [200]
    assert not fault.reached.is_set()
    assert ProviderEvent.objects.count() == 1


def test_a_repeated_webhook_is_one_row(stripe: StripeWorld, paid: dict[str, Any]) -> None:
    assert stripe.deliver(paid, times=5) == [200] * 5
    assert (ProviderEvent.objects.count(), Event.objects.count()) == (1, 1)


def test_a_forged_webhook_is_refused(stripe: StripeWorld, paid: dict[str, Any]) -> None:
    assert stripe.deliver(paid, secret="whsec_somebody_elses") == [400]
    assert stripe.deliver(paid, timestamp=int(time.time()) - 301) == [400]
    (delivery,) = stripe.site.prepared(paid["id"])
    altered = delivery.body.replace(b'"amount": 2500', b'"amount": 9900')
    assert altered != delivery.body
    assert stripe.post(delivery.url, altered, delivery.headers) == 400
    assert stripe.post(delivery.url, delivery.body, {}) == 400
    assert ProviderEvent.objects.count() == 0
    assert Event.objects.count() == 0


def test_a_caller_cannot_bring_its_own_secret(stripe: StripeWorld, paid: dict[str, Any], settings: Any) -> None:
    settings.DEBUG = True
    (delivery,) = stripe.site.prepared(paid["id"], secret="whsec_mine")
    headers = {**delivery.headers, "X-Djstripe-Webhook-Secret": "whsec_mine"}
    assert stripe.post(delivery.url, delivery.body, headers) == 400
    assert ProviderEvent.objects.count() == 0


def test_an_unknown_address_is_nobodys(stripe: StripeWorld, paid: dict[str, Any]) -> None:
    (delivery,) = stripe.site.prepared(paid["id"])
    url = "http://testserver/billing/webhooks/stripe/webhook/00000000-0000-0000-0000-000000000000/"
    assert stripe.post(url, delivery.body, delivery.headers) == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b"null", b"\xff\xfe", b"{\0}", b"{", b"{}", b'{"id": 1}'])
def test_a_body_that_is_no_event_is_refused(stripe: StripeWorld, body: bytes) -> None:
    endpoint = WebhookEndpoint.objects.get()
    headers = {"Stripe-Signature": signature(body, endpoint.secret), "X-Forwarded-For": "nonsense"}
    assert stripe.post(endpoint.url, body, headers) == 400
    assert ProviderEvent.objects.count() == 0


def test_a_long_body_is_not_kept(stripe: StripeWorld) -> None:
    endpoint = WebhookEndpoint.objects.get()
    body = json.dumps({"id": "evt_1", "livemode": False, "filling": "x" * 65536}).encode()
    assert stripe.post(endpoint.url, body, {"Stripe-Signature": signature(body, endpoint.secret)}) == 413
    assert WebhookEventTrigger.objects.count() == 0


def test_an_event_of_another_kind_is_taken_and_left(stripe: StripeWorld, paid: dict[str, Any]) -> None:
    assert stripe.deliver(paid, changes={"type": "account.updated"}) == [200]
    assert (Event.objects.count(), ProviderEvent.objects.count()) == (1, 0)


def test_old_forged_deliveries_are_forgotten(stripe: StripeWorld, paid: dict[str, Any]) -> None:
    stripe.deliver(paid, secret="whsec_somebody_elses")
    stripe.deliver(paid, secret="whsec_somebody_elses")
    stripe.deliver(paid)
    month = timezone.now() - timedelta(days=31)
    WebhookEventTrigger.objects.filter(pk__in=[WebhookEventTrigger.objects.earliest("id").pk]).update(created=month)
    WebhookEventTrigger.objects.filter(valid=True).update(created=month)
    assert prune() == 1
    assert sorted(WebhookEventTrigger.objects.values_list("valid", flat=True)) == [False, True]


def test_the_provider_reads_a_webhook_by_itself(stripe: StripeWorld, paid: dict[str, Any]) -> None:
    (delivery,) = stripe.site.prepared(paid["id"])
    notice = provider.parse_webhook(delivery.body, delivery.headers)
    assert (notice.event_id, notice.object_id) == (paid["id"], paid["data"]["object"]["id"])
    with pytest.raises(BadNoticeError):
        provider.parse_webhook(delivery.body + b" ", delivery.headers)
