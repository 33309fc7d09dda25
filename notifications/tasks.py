"""Doorbells of the outbox, and the sweep that finds what they missed."""

from __future__ import annotations

from celery import shared_task

from notifications.services import deliveries, fan_out, sweeps


def tell() -> int:
    """Write the deliveries of what happened, then send what is due; returns how many messages left the house."""
    fan_out.expand_due()
    return deliveries.send_due()


sweeps.register("send_deliveries", tell)
DOORBELL_SECONDS = 60  # a doorbell that nobody heard for so long has nothing to say: the sweep was there


@shared_task(name="sweeps.send_deliveries")
def send_deliveries() -> None:
    """Tell and send what no doorbell was heard of, or what must be tried again."""
    sweeps.run("send_deliveries")


@shared_task(name="notifications.expand", expires=DOORBELL_SECONDS)
def expand() -> None:
    """Write the deliveries of what happened."""
    fan_out.expand_due()


@shared_task(name="notifications.send", expires=DOORBELL_SECONDS)
def send(channel: str) -> None:
    """Send what is due by one channel."""
    deliveries.send_due(channel)
