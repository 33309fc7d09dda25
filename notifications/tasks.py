"""Doorbells of the outbox."""

from __future__ import annotations

from celery import shared_task

from notifications.services import deliveries, sweeps

sweeps.register("send_deliveries", deliveries.send_due)


@shared_task(name="sweeps.send_deliveries")
def send_deliveries() -> None:
    """Send what is due."""
    sweeps.run("send_deliveries")
