"""Endpoints of webhooks: added, changed and switched on and off by staff; their secrets are shown once."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from notifications.channels.signing import new_secret
from notifications.models import Delivery, WebhookEndpoint

OVERLAP = timedelta(hours=24)
"""How long the secret before still signs, so that receivers can change theirs without losing a message."""


def add(*, endpoint: WebhookEndpoint) -> str:
    """Keep a new endpoint; returns its secret, which is never seen again. Its address was checked (`fault_of`)."""
    endpoint.secret = new_secret()
    endpoint.save(force_insert=True)
    return endpoint.secret


@transaction.atomic
def change(*, endpoint: WebhookEndpoint) -> None:
    """Keep another address and other types; what waits to be sent goes to the new address."""
    endpoint.save(update_fields=["url", "types"])
    waiting = Delivery.objects.filter(endpoint=endpoint, status=Delivery.Status.PENDING)
    waiting.update(recipient=endpoint.url)


@transaction.atomic
def rotate_secret(*, endpoint: WebhookEndpoint) -> str:
    """A new secret, which is never seen again. The one before signs for `OVERLAP` beside it."""
    locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    locked.previous_secret, locked.secret = locked.secret, new_secret()
    locked.previous_until = timezone.now() + OVERLAP
    locked.save(update_fields=["secret", "previous_secret", "previous_until"])
    return locked.secret


def switch_off(*, endpoint: WebhookEndpoint, reason: str) -> bool:
    """Send nothing there any more; False when it was off already."""
    found = WebhookEndpoint.objects.filter(pk=endpoint.pk, is_active=True)
    return found.update(is_active=False, disabled_at=timezone.now(), disabled_reason=reason[:255]) == 1


def switch_on(*, endpoint: WebhookEndpoint) -> bool:
    """Send there again, with whatever it failed before forgotten; False when it was on already."""
    found = WebhookEndpoint.objects.filter(pk=endpoint.pk, is_active=False)
    changed = found.update(is_active=True, disabled_at=None, disabled_reason="", failing_since=None, rests_until=None)
    return changed == 1
