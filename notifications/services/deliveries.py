"""The outbox: messages are rows first, written in the transaction of what they tell, and sent by workers afterwards.

A delivery is claimed by moving its next attempt forward, so that two workers never send the same one at once, and no
network call happens inside a transaction. A worker that dies while sending leaves a row that is tried again later.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from notifications.channels import SENDERS
from notifications.channels.base import Later, Never
from notifications.models import Channel, Delivery

BATCH = 50
CLAIM = timedelta(minutes=5)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
# Pauses after the first failure, the second, …; after the last one the message is given up.
PATIENT = (30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR, 6 * HOUR)
PAUSES = {
    Channel.EMAIL.value: PATIENT,
    Channel.TELEGRAM.value: PATIENT,
    # Three days in all (API.md, 'Webhooks out').
    Channel.WEBHOOK.value: (5 * SECOND, 5 * MINUTE, *(hours * HOUR for hours in (0.5, 2, 5, 10, 14, 20, 20))),
}
logger = logging.getLogger(__name__)


def queue_email(*, key: str, recipient: str, subject: str, body: str) -> None:
    """Put an e-mail into the outbox, in the caller's transaction; a `key` that was queued before changes nothing."""
    letter = Delivery(
        key=key,
        channel=Channel.EMAIL,
        recipient=recipient,
        subject=subject,
        body=body,
        next_attempt_at=timezone.now(),
    )
    queue([letter])


def queue(deliveries: list[Delivery]) -> None:
    """Put messages into the outbox, in the caller's transaction; one whose key is there changes nothing."""
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    transaction.on_commit(ring, robust=True)


def send_due() -> int:
    """Send what is due; returns how many messages left the house."""
    sent = 0
    while claimed := _claim():
        for delivery in claimed:
            sent += _send(delivery)
    return sent


def ring() -> None:
    """Tell a worker; if the broker does not hear it, the sweep finds the row."""
    from notifications.tasks import send_deliveries

    send_deliveries.delay()


def _claim() -> list[Delivery]:
    """Take due deliveries for this worker alone, for as long as sending may take."""
    now = timezone.now()
    with transaction.atomic():
        due = list(
            Delivery.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("endpoint", "telegram")
            .filter(status=Delivery.Status.PENDING, next_attempt_at__lte=now)
            .order_by("next_attempt_at", "id")[:BATCH]
        )
        for delivery in due:
            delivery.attempts += 1
            delivery.next_attempt_at = now + CLAIM
        Delivery.objects.bulk_update(due, ["attempts", "next_attempt_at"])
    return due


def _send(delivery: Delivery) -> bool:
    try:
        SENDERS[delivery.channel](delivery)
    except Later as later:
        _postpone(delivery, str(later), later.after)
    except Never as never:
        _close(delivery, Delivery.Status.DEAD, str(never))
    except Exception as error:
        logger.exception("Delivery %s could not be sent.", delivery.pk)
        _postpone(delivery, f"{type(error).__name__}: {error}", None)
    else:
        _close(delivery, Delivery.Status.SENT, "")
        return True
    return False


def _postpone(delivery: Delivery, error: str, after: timedelta | None) -> None:
    """Try again later, each time later; give up in the end, for staff to see."""
    pauses = PAUSES[delivery.channel]
    if delivery.attempts > len(pauses):
        _close(delivery, Delivery.Status.DEAD, error)
        return
    pause = max(pauses[delivery.attempts - 1], after or timedelta(0))
    Delivery.objects.filter(pk=delivery.pk).update(next_attempt_at=timezone.now() + pause, last_error=error[:2000])


def _close(delivery: Delivery, status: Delivery.Status, error: str) -> None:
    sent_at = timezone.now() if status == Delivery.Status.SENT else None
    Delivery.objects.filter(pk=delivery.pk).update(status=status, sent_at=sent_at, last_error=error[:2000])
