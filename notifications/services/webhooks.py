"""What endpoints are sent: a notice's messages to those that listen, a test, and again what they missed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from notifications.models import Audience, Channel, Delivery, Event, Notice, WebhookEndpoint, WebhookType
from notifications.payloads import TEST_TYPE, body, body_of, events_of
from notifications.rules import RULES
from notifications.services.deliveries import queue
from notifications.services.doorbell import ring_for_messages

REPLAYED_MAX = 10_000


def listening(notice: Notice, webhook: WebhookType) -> list[WebhookEndpoint]:
    """The endpoints of the account's product's services that hear of it."""
    endpoints = WebhookEndpoint.objects.filter(
        service__product=notice.account.product, service__is_active=True, is_active=True
    )
    return [endpoint for endpoint in endpoints if not endpoint.types or webhook.value in endpoint.types]


def messages_of(notice: Notice, webhook: WebhookType, endpoints: Iterable[WebhookEndpoint]) -> Iterator[Delivery]:
    """The notice for each of the endpoints; one that has it already gets no second by its key."""
    text = body_of(notice, webhook)
    for endpoint in endpoints:
        yield Delivery(
            key=f"notice:{notice.pk}:webhook:{endpoint.pk}",
            channel=Channel.WEBHOOK,
            notice=notice,
            account=notice.account,
            endpoint=endpoint,
            recipient=endpoint.url,
            subject=webhook.value,
            body=text,
            next_attempt_at=timezone.now(),
        )


def send_test(*, endpoint: WebhookEndpoint) -> Delivery:
    """Queue a message that tells of nothing but who it is for; returns it as it waits."""
    now = timezone.now()
    data = {"service": endpoint.service.slug, "message": "A test. Nothing happened."}
    message = Delivery(
        key=f"endpoint:{endpoint.pk}:test:{uuid.uuid4()}",
        channel=Channel.WEBHOOK,
        endpoint=endpoint,
        recipient=endpoint.url,
        subject=TEST_TYPE,
        body=body(TEST_TYPE, now.astimezone(UTC).isoformat(), data),
        next_attempt_at=now,
    )
    queue([message])
    return Delivery.objects.get(key=message.key)


@transaction.atomic
def replay(*, endpoint: WebhookEndpoint, since: datetime, with_taken: bool = False) -> int:
    """Send what the endpoint missed: what was given up since, and what happened since while it did not listen.

    `with_taken`: what it took as well. A message goes out under the id that it had. Returns how many; at most
    `REPLAYED_MAX` that were never written, the oldest first: again for the next ones.
    """
    wanted = Q(status=Delivery.Status.DEAD, next_attempt_at__gte=since)
    if with_taken:
        wanted |= Q(status=Delivery.Status.SENT, sent_at__gte=since)
    had = Delivery.objects.filter(wanted, endpoint=endpoint, notice__isnull=False)
    again = had.update(status=Delivery.Status.PENDING, attempts=0, next_attempt_at=timezone.now())
    messages = [
        message
        for notice in missed(endpoint, since)[:REPLAYED_MAX]
        if (webhook := RULES[Event(notice.event)].webhook)
        for message in messages_of(notice, webhook, [endpoint])
    ]
    queue(messages)
    ring_for_messages([Channel.WEBHOOK])
    return again + len(messages)


def missed(endpoint: WebhookEndpoint, since: datetime) -> QuerySet[Notice]:
    """What the endpoint would have been told since, had it listened, the oldest first."""
    own = Delivery.objects.filter(notice=OuterRef("pk"), endpoint=endpoint)
    told = Notice.objects.filter(
        account__product=endpoint.service.product,
        event__in=events_of(endpoint.types),
        created_at__gte=since,
        expanded_at__isnull=False,
    )
    of_services = told.filter(audience__in=[Audience.EVERYONE, Audience.SERVICES])
    return of_services.exclude(Exists(own)).select_related("account__product").order_by("id")
