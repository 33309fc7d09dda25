"""Our webhook endpoint: registered at Stripe, or known here only, and whether events come through it.

Registering is idempotent. An endpoint of ours whose secret is not known here, as after a lost database, is replaced:
Stripe tells a secret once.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from djstripe.models import WebhookEndpoint, WebhookEventTrigger

from billing.models import Payment, PaymentProvider, ProviderEvent
from billing.providers.base import ProviderError
from billing.providers.stripe import client
from billing.providers.stripe.receivers import KINDS

LOCAL_PREFIX = "local_"
SILENT_AFTER = timedelta(minutes=10)
SILENCE_LOOKED_AT = timedelta(days=1)
FORGED_KEPT = timedelta(days=30)


def address(site: str, identifier: uuid.UUID) -> str:
    """Where the endpoint with this identifier is reached on the site at `site`."""
    return site.rstrip("/") + reverse("djstripe:djstripe_webhook_by_uuid", args=[identifier])


def register_endpoint(url: str) -> WebhookEndpoint:
    """The endpoint of the site at `url`, registered at Stripe. Raises ProviderError when Stripe refuses or is away."""
    asked = client.client()
    with client.asking():
        ours = address(url, uuid.UUID(int=0)).removesuffix(f"{uuid.UUID(int=0)}/")
        there = [each for each in asked.v1.webhook_endpoints.list({"limit": 100}).data if each.url.startswith(ours)]
        kept = None
        for each in there:
            row = WebhookEndpoint.objects.filter(id=each.id).exclude(secret="").first()
            if row is None or kept is not None or each.url != address(url, row.djstripe_uuid):
                asked.v1.webhook_endpoints.delete(each.id)
                WebhookEndpoint.objects.filter(id=each.id).delete()
            elif set(each.enabled_events) != set(KINDS) or each.status != "enabled":
                wanted: Any = {"enabled_events": list(KINDS), "disabled": False}
                told = asked.v1.webhook_endpoints.update(each.id, wanted)
                kept = WebhookEndpoint.sync_from_stripe_data(told, api_key=client.api_key())
            else:
                kept = row
        return kept or _made(url)


def _made(url: str) -> WebhookEndpoint:
    identifier = uuid.uuid4()
    wanted: Any = {
        "url": address(url, identifier),
        "enabled_events": list(KINDS),
        "api_version": settings.STRIPE_API_VERSION,
        "description": "Billing back office",
        "metadata": {"djstripe_uuid": str(identifier)},
    }
    made = client.client().v1.webhook_endpoints.create(wanted)
    row: WebhookEndpoint = WebhookEndpoint.sync_from_stripe_data(made, api_key=client.api_key())
    row.stripe_data.pop("secret", None)  # its column is enough
    row.save()
    return row


def ensure_local_endpoint(url: str) -> WebhookEndpoint:
    """The endpoint of the site at `url`, known here only: somebody else registers it, or forwards events to it.

    Its address is the same every time. Raises ProviderError without STRIPE_WEBHOOK_SECRET.
    """
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise ProviderError("STRIPE_WEBHOOK_SECRET is not set: without it no webhook can be believed.")
    identifier = uuid.uuid5(uuid.NAMESPACE_URL, url.rstrip("/"))
    row, _ = WebhookEndpoint.objects.update_or_create(
        id=f"{LOCAL_PREFIX}{identifier.hex}",
        defaults={
            "djstripe_uuid": identifier,
            "url": address(url, identifier),
            "secret": settings.STRIPE_WEBHOOK_SECRET,
            "livemode": client.is_live(),
            "enabled_events": list(KINDS),
            "api_version": settings.STRIPE_API_VERSION,
            "status": "enabled",
        },
    )
    return row


def endpoint_status() -> list[str]:
    """What is wrong with our endpoint, in words for an operator; nothing when Stripe is not set up."""
    if not client.api_key():
        return []
    if not WebhookEndpoint.objects.filter(livemode=client.is_live(), status="enabled").exclude(secret="").exists():
        return ["Stripe has no webhook endpoint here: manage.py stripe_webhook_endpoint registers one."]
    now = timezone.now()
    paid = Payment.objects.filter(
        provider=PaymentProvider.STRIPE, created_at__gte=now - SILENCE_LOOKED_AT, created_at__lt=now - SILENT_AFTER
    )
    newest = paid.order_by("-id").first()
    heard = ProviderEvent.objects.filter(provider=PaymentProvider.STRIPE).order_by("-id").first()
    if newest is None or (heard is not None and heard.received_at >= newest.paid_at):
        return []
    since = f"since {heard.received_at:%Y-%m-%d %H:%M} UTC" if heard else "from the first"
    return [f"Stripe's webhook endpoint has been silent {since}, though payments arrived."]


def prune() -> int:
    """Forget deliveries that were not Stripe's after a month; returns how many."""
    old = WebhookEventTrigger.objects.filter(valid=False, created__lt=timezone.now() - FORGED_KEPT)
    return int(old.delete()[0])
