"""Doorbells of the outbox."""

from __future__ import annotations

from celery import shared_task

from notifications.services import deliveries, fan_out, sweeps


def tell() -> int:
    """Write the deliveries of what happened, then send what is due; returns how many messages left the house."""
    fan_out.expand_due()
    return deliveries.send_due()


sweeps.register("send_deliveries", tell)


@shared_task(name="sweeps.send_deliveries")
def send_deliveries() -> None:
    """Send what is due."""
    sweeps.run("send_deliveries")
