"""The doorbell: workers are told after the commit that there is work; what they do not hear, the sweep finds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction

SOON = timedelta(seconds=30)  # what waits for longer, the sweep finds in time


def ring_for_notices() -> None:
    """After the commit of the caller's transaction: there are notices to tell."""

    def ring() -> None:
        from notifications.tasks import expand

        expand.delay()

    transaction.on_commit(ring, robust=True)


def ring_for_messages(channels: Iterable[str]) -> None:
    """After the commit of the caller's transaction: there are messages to send by these channels."""
    wanted = sorted({str(channel) for channel in channels})

    def ring() -> None:
        from notifications.tasks import send

        for channel in wanted:
            send.delay(channel)

    if wanted:
        transaction.on_commit(ring, robust=True)


def ring_soon(channel: str, *, after: timedelta) -> None:
    """There will be messages to send by this channel, whose turn it was not; nothing where the sweep comes first."""

    def ring() -> None:
        from notifications.tasks import send

        send.apply_async((channel,), countdown=after.total_seconds())

    if after < SOON:
        transaction.on_commit(ring, robust=True)
