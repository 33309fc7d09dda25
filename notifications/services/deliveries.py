"""The outbox: messages are rows first, written in the transaction of what they tell, and sent by workers afterwards.

A delivery is claimed by moving its next attempt forward, so that two workers never send the same one at once, and no
network call happens inside a transaction. A worker that dies while sending leaves a row that is tried again later.
"""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from notifications.models import Delivery

BATCH = 50
ATTEMPTS_MAX = 12
CLAIM = timedelta(minutes=5)
BACKOFF_MAX = timedelta(hours=6)


def queue_email(*, key: str, recipient: str, subject: str, body: str) -> None:
    """Put an e-mail into the outbox, in the caller's transaction; a `key` that was queued before changes nothing."""
    Delivery.objects.bulk_create(
        [
            Delivery(
                key=key,
                channel=Delivery.Channel.EMAIL,
                recipient=recipient,
                subject=subject,
                body=body,
                next_attempt_at=timezone.now(),
            )
        ],
        ignore_conflicts=True,
    )
    transaction.on_commit(_ring, robust=True)


def send_due() -> int:
    """Send what is due; returns how many messages left the house."""
    sent = 0
    while claimed := _claim():
        for delivery in claimed:
            sent += _send(delivery)
    return sent


def _claim() -> list[Delivery]:
    """Take due deliveries for this worker alone, for as long as sending may take."""
    now = timezone.now()
    with transaction.atomic():
        due = list(
            Delivery.objects.select_for_update(skip_locked=True)
            .filter(status=Delivery.Status.PENDING, next_attempt_at__lte=now)
            .order_by("next_attempt_at", "id")[:BATCH]
        )
        for delivery in due:
            delivery.attempts += 1
            delivery.next_attempt_at = now + CLAIM
        Delivery.objects.bulk_update(due, ["attempts", "next_attempt_at"])
    return due


def _send(delivery: Delivery) -> bool:
    message = EmailMessage(
        subject=delivery.subject,
        body=delivery.body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[delivery.recipient],
        headers={"Message-ID": f"<delivery-{delivery.pk}@{settings.SITE_URL.partition('//')[2] or 'localhost'}>"},
    )
    try:
        message.send()
    except (SMTPException, OSError, ValueError) as error:
        _failed(delivery, str(error))
        return False
    Delivery.objects.filter(pk=delivery.pk).update(status=Delivery.Status.SENT, sent_at=timezone.now(), last_error="")
    return True


def _failed(delivery: Delivery, error: str) -> None:
    """Try again later, each time later; give up in the end, for staff to see."""
    pause = min(timedelta(seconds=30) * 2 ** (delivery.attempts - 1), BACKOFF_MAX)
    is_over = delivery.attempts >= ATTEMPTS_MAX
    Delivery.objects.filter(pk=delivery.pk).update(
        status=Delivery.Status.DEAD if is_over else Delivery.Status.PENDING,
        next_attempt_at=timezone.now() + pause,
        last_error=error[:2000],
    )


def _ring() -> None:
    """Tell a worker; if the broker does not hear it, the sweep finds the row."""
    from notifications.tasks import send_deliveries

    send_deliveries.delay()
