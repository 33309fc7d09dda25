"""Doorbells of usage's sweeps."""

from __future__ import annotations

from celery import shared_task

from notifications.services import sweeps
from usage.services import silence
from usage.services.chat_hours import charge_due_hours

sweeps.register("charge_chat_hours", charge_due_hours)
sweeps.register("tell_of_silence", silence.tell_due)


@shared_task(name="sweeps.charge_chat_hours")
def charge_chat_hours() -> None:
    """Charge the chat hours that are over."""
    sweeps.run("charge_chat_hours")


@shared_task(name="sweeps.tell_of_silence")
def tell_of_silence() -> None:
    """Tell of accounts whose calls are no longer reported."""
    sweeps.run("tell_of_silence")
