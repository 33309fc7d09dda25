"""How an endpoint does, from one attempt to the next: it works, it fails, it rests, it is switched off.

One that does not answer at all takes a worker's time: while it fails, it rests after each such attempt, longer the
longer it has failed, and its messages wait their turn, so that nobody else's do. One that has failed for three days, or
says that it is gone, is switched off, and staff are told.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from notifications.models import WebhookEndpoint

FAILING_MAX = timedelta(days=3)
REST_MIN, REST_MAX = timedelta(minutes=1), timedelta(minutes=30)
REST_SHARE = 4  # it rests a quarter of the time for which it has failed
NO_WAIT = timedelta(0)


def wait_of(endpoint: WebhookEndpoint) -> timedelta:
    """How long it rests yet."""
    return max(endpoint.rests_until - timezone.now(), NO_WAIT) if endpoint.rests_until else NO_WAIT


def took(endpoint: WebhookEndpoint) -> None:
    """It took a message: whatever it failed before is over."""
    if endpoint.failing_since or endpoint.rests_until:
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=None, rests_until=None)


def failed(endpoint: WebhookEndpoint, why: str, *, is_silent: bool = False) -> None:
    """It did not take a message. `is_silent`: it gave no answer at all."""
    now = timezone.now()
    since = endpoint.failing_since
    if since is None:
        WebhookEndpoint.objects.filter(pk=endpoint.pk, failing_since__isnull=True).update(failing_since=now)
    elif now - since >= FAILING_MAX:
        switch_off_failed(endpoint, f"It has failed for three days. Lately: {why}")
    elif is_silent:
        rest = min(max((now - since) / REST_SHARE, REST_MIN), REST_MAX)
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(rests_until=now + rest)


@transaction.atomic
def switch_off_failed(endpoint: WebhookEndpoint, why: str) -> None:
    """Send nothing there any more, and tell staff, once."""
    now = timezone.now()
    changed = WebhookEndpoint.objects.filter(pk=endpoint.pk, is_active=True).update(
        is_active=False, disabled_at=now, disabled_reason=why[:255]
    )
    if changed:
        _tell_staff(endpoint, why, key=f"endpoint:{endpoint.pk}:off:{now.isoformat()}")


def _tell_staff(endpoint: WebhookEndpoint, why: str, *, key: str) -> None:
    from notifications.services.staff_mail import Letter, tell_staff  # it queues: the outbox imports the channels

    page = settings.SITE_URL + reverse("admin:notifications_webhookendpoint_change", args=[endpoint.pk])
    words = f"{endpoint.url} is sent nothing any more.\n\n{why}\n\n"
    mend = f"Once it works again, switch it on there and send what it missed:\n{page}\n"
    subject = f"Webhooks to {endpoint.service} are switched off"
    tell_staff(key=key, write=lambda: Letter(subject, words + mend))
