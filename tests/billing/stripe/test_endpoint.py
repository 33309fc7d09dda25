"""The webhook endpoint: registered once, known here only where somebody forwards, and watched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from djstripe.models import WebhookEndpoint

from billing.providers.base import ProviderError, ProviderUnavailableError
from billing.providers.stripe.endpoint import endpoint_status, ensure_local_endpoint, register_endpoint
from billing.providers.stripe.receivers import KINDS
from billing.services import top_ups
from organizations.models import Account
from tests.billing.conftest import StripeWorld
from tests.billing.topups.paying import open_page, press_pay
from tests.conftest import Ended

SITE = "https://billing.example.com"


def test_registering_again_finds_the_same_endpoint(stripe: StripeWorld) -> None:
    first = register_endpoint(SITE)
    assert register_endpoint(f"{SITE}/") == first
    assert first.url == f"{SITE}/billing/webhooks/stripe/webhook/{first.djstripe_uuid}/"
    assert first.secret.startswith("whsec_")
    assert "secret" not in first.stripe_data
    there = [each for each in stripe.site.objects("webhook_endpoint") if each["url"].startswith(SITE)]
    assert [(each["url"], set(each["enabled_events"])) for each in there] == [(first.url, set(KINDS))]


def test_an_endpoint_whose_secret_is_lost_is_replaced(stripe: StripeWorld) -> None:
    first = register_endpoint(SITE)
    WebhookEndpoint.objects.filter(id=first.id).delete()
    second = register_endpoint(SITE)
    assert second.id != first.id
    there = [each["id"] for each in stripe.site.objects("webhook_endpoint") if each["url"].startswith(SITE)]
    assert there == [second.id]


def test_an_endpoint_that_was_changed_at_stripe_is_set_right(stripe: StripeWorld) -> None:
    from billing.providers.stripe import client

    first = register_endpoint(SITE)
    client.client().v1.webhook_endpoints.update(first.id, {"enabled_events": ["invoice.paid"], "disabled": True})
    assert register_endpoint(SITE).id == first.id
    there = stripe.site.object(first.id)
    assert (set(there["enabled_events"]), there["status"]) == (set(KINDS), "enabled")


def test_a_stripe_that_is_away_registers_nothing(stripe: StripeWorld) -> None:
    stripe.site.fail_next("/v1/webhook_endpoints", "lost")
    with pytest.raises(ProviderUnavailableError):
        register_endpoint(SITE)


def test_a_local_endpoint_keeps_its_address(stripe: StripeWorld, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRET = "whsec_one"
    first = ensure_local_endpoint(SITE)
    settings.STRIPE_WEBHOOK_SECRET = "whsec_two"
    second = ensure_local_endpoint(SITE)
    assert (first.pk, first.url) == (second.pk, second.url)
    assert (second.secret, second.livemode) == ("whsec_two", False)
    settings.STRIPE_WEBHOOK_SECRET = ""
    with pytest.raises(ProviderError):
        ensure_local_endpoint(SITE)


def test_the_command_prints_the_address(stripe: StripeWorld, command_line: Callable[..., Ended], settings: Any) -> None:
    done = command_line("stripe_webhook_endpoint", "--url", SITE)
    assert (done.code, done.out) == (0, f"{WebhookEndpoint.objects.get(url__startswith=SITE).url}\n")
    assert command_line("stripe_webhook_endpoint", "--url", SITE).out == done.out
    settings.STRIPE_WEBHOOK_SECRET = "whsec_given"
    local = command_line("stripe_webhook_endpoint", "--local", "--url", SITE)
    assert local.out == f"{WebhookEndpoint.objects.get(secret='whsec_given').url}\n"


def test_the_command_says_what_is_missing(stripe: StripeWorld, command_line: Callable[..., Ended]) -> None:
    for arguments in (["--url", "billing.example.com"], ["--local"]):
        refused = command_line("stripe_webhook_endpoint", *arguments)
        assert refused.code == 2
        assert refused.err.count("\n") == 1


def test_the_command_needs_a_key(stripe: StripeWorld, command_line: Callable[..., Ended], settings: Any) -> None:
    settings.STRIPE_TEST_SECRET_KEY = ""
    refused = command_line("stripe_webhook_endpoint", "--url", SITE)
    assert (refused.code, "STRIPE_TEST_SECRET_KEY" in refused.err) == (2, True)


def test_readiness_says_when_the_endpoint_is_missing(stripe: StripeWorld, settings: Any) -> None:
    assert endpoint_status() == []
    WebhookEndpoint.objects.all().delete()
    assert endpoint_status() == [
        "Stripe has no webhook endpoint here: manage.py stripe_webhook_endpoint registers one."
    ]
    settings.STRIPE_TEST_SECRET_KEY = ""
    assert endpoint_status() == []


def test_readiness_says_when_payments_arrive_and_no_webhooks(
    stripe: StripeWorld, make_account: Callable[..., Account]
) -> None:
    top_up = open_page(make_account("aitelier"))
    press_pay(top_up)
    assert top_ups.check(top_up_id=top_up.pk).status == "succeeded"
    assert endpoint_status() == []
    later = timezone.now() + timedelta(minutes=11)
    with time_machine.travel(later):
        assert endpoint_status() == [
            "Stripe's webhook endpoint has been silent from the first, though payments arrived."
        ]
    stripe.deliver()
    with time_machine.travel(later):
        assert endpoint_status() == []
