"""The outbox: messages are rows first, written in the transaction of what they tell, and sent by workers afterwards.

A delivery is claimed for a time (its lease) by one worker, counted as an attempt, and sent outside any transaction. A
worker that dies leaves a lease that runs out: then it is sent again, under the same `uid`, because nobody knows whether
it had left the house. What is refused for good, or fails at every attempt of its schedule, is given up: staff see it.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from notifications.channels import SENDERS
from notifications.channels.base import Later, Never, NotYet
from notifications.models import Attempt, Channel, Delivery
from notifications.services.doorbell import ring_for_messages, ring_soon

LEASE = timedelta(minutes=5)
RUN_SECONDS = 20  # a run takes up nothing new after so long: the sweep that comes next goes on
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
# Pauses after the first failure, the second, …; after the last one the message is given up.
PATIENT = (30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR, 6 * HOUR)
PAUSES = {
    Channel.EMAIL.value: PATIENT,
    Channel.TELEGRAM.value: PATIENT,
    # Three days in all (API.md, 'Webhooks out'), as the Standard Webhooks scheme recommends.
    Channel.WEBHOOK.value: (5 * SECOND, 5 * MINUTE, *(hours * HOUR for hours in (0.5, 2, 5, 10, 14, 20, 24))),
}
ASKED_PAUSE_MAX = timedelta(days=1)  # what the other side asks for is heard up to here
SAID_MAX = 2000
Outcome = Attempt.Outcome
logger = logging.getLogger(__name__)


def queue_email(*, key: str, recipient: str, subject: str, body: str, html: str = "") -> None:
    """Put an e-mail into the outbox, in the caller's transaction; a `key` that was queued before changes nothing."""
    letter = Delivery(
        key=key,
        channel=Channel.EMAIL,
        recipient=recipient,
        subject=subject,
        body=body,
        html=html,
        next_attempt_at=timezone.now(),
    )
    queue([letter])


def queue(deliveries: list[Delivery]) -> None:
    """Put messages into the outbox, in the caller's transaction; one whose key is there changes nothing."""
    write(deliveries)
    ring_for_messages(delivery.channel for delivery in deliveries)


def write(deliveries: list[Delivery]) -> None:
    """As `queue`, for a caller that rings by itself."""
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)


def send_due(channel: str | None = None) -> int:
    """Send what is due by one channel, or by each in turn; returns how many messages left the house.

    Several workers may do so at once. Ends after `RUN_SECONDS` a channel, or soon after.
    """
    sent = 0
    for each in [channel] if channel else list(SENDERS):
        until = time.monotonic() + RUN_SECONDS
        waits: list[timedelta] = []
        while time.monotonic() < until and (claimed := _claim(each)) is not None:
            sent += _send(*claimed, waits)
        if waits:
            ring_soon(each, after=min(waits))
    return sent


def send_again(delivery: Delivery) -> bool:
    """Staff: send what was given up or sent once more, under the same `uid`; False when it waits to be sent anyway."""
    changed = (
        Delivery.objects.filter(pk=delivery.pk)
        .exclude(status=Delivery.Status.PENDING)
        .update(status=Delivery.Status.PENDING, attempts=0, next_attempt_at=timezone.now())
    )
    ring_for_messages([delivery.channel])
    return changed == 1


def _claim(channel: str) -> tuple[Delivery, Attempt] | None:
    """Take the delivery that has been due longest, for this worker alone until its lease ends."""
    while True:
        now = timezone.now()
        with transaction.atomic():
            delivery = (
                Delivery.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("account", "endpoint", "telegram")
                .filter(status=Delivery.Status.PENDING, channel=channel, next_attempt_at__lte=now)
                .order_by("next_attempt_at", "id")
                .first()
            )
            if delivery is None:
                return None
            if delivery.attempts <= len(PAUSES[channel]):
                delivery.attempts += 1
                delivery.next_attempt_at = now + LEASE
                delivery.save(update_fields=["attempts", "next_attempt_at"])
                return delivery, Attempt.objects.create(delivery=delivery, started_at=now)
            _give_up(delivery, "The worker died at the last attempt.")


def _send(delivery: Delivery, attempt: Attempt, waits: list[timedelta]) -> bool:
    """Whether it left the house; `waits` grows by how long it has to wait for its turn."""
    try:
        said = SENDERS[delivery.channel](delivery)
    except NotYet as wait:
        _put_back(delivery, attempt, wait.after)
        waits.append(wait.after)
    except Later as later:
        _postpone(delivery, attempt, str(later), later.after)
    except Never as never:
        _refuse(delivery, attempt, str(never))
    except Exception as error:
        logger.exception("Delivery %s could not be sent.", delivery.pk)
        _postpone(delivery, attempt, f"{type(error).__name__}: {error}", None)
    else:
        _close(delivery, attempt, said)
        return True
    return False


@transaction.atomic
def _close(delivery: Delivery, attempt: Attempt, said: str) -> None:
    """It is sent, and that is the last word, even where the lease ran out meanwhile."""
    _end(attempt, Outcome.SENT, said)
    Delivery.objects.filter(pk=delivery.pk).update(status=Delivery.Status.SENT, sent_at=timezone.now(), last_error="")


@transaction.atomic
def _postpone(delivery: Delivery, attempt: Attempt, error: str, after: timedelta | None) -> None:
    """Try again later, each time later; give up in the end."""
    _end(attempt, Outcome.FAILED, error)
    pauses = PAUSES[delivery.channel]
    if delivery.attempts > len(pauses):
        _give_up(delivery, error)
        return
    pause = max(pauses[delivery.attempts - 1], min(after or timedelta(0), ASKED_PAUSE_MAX))
    _leased(delivery).update(next_attempt_at=timezone.now() + pause, last_error=_kept(error))


@transaction.atomic
def _refuse(delivery: Delivery, attempt: Attempt, error: str) -> None:
    _end(attempt, Outcome.REFUSED, error)
    _give_up(delivery, error)


@transaction.atomic
def _put_back(delivery: Delivery, attempt: Attempt, after: timedelta) -> None:
    """As if it had not been taken."""
    attempt.delete()
    _leased(delivery).update(next_attempt_at=timezone.now() + after, attempts=F("attempts") - 1)


def _give_up(delivery: Delivery, error: str) -> None:
    _leased(delivery).update(status=Delivery.Status.DEAD, last_error=_kept(error))


def _leased(delivery: Delivery) -> QuerySet[Delivery]:
    """The row, if it is still this worker's: a failure says nothing once another has taken it up."""
    return Delivery.objects.filter(
        pk=delivery.pk, status=Delivery.Status.PENDING, next_attempt_at=delivery.next_attempt_at
    )


def _end(attempt: Attempt, outcome: Outcome, said: str) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(ended_at=timezone.now(), outcome=outcome, said=_kept(said))


def _kept(said: str) -> str:
    """As much as is kept of it, without what PostgreSQL cannot keep."""
    return said.replace("\0", "")[:SAID_MAX]
