"""The doorbell: workers are told after the commit that there is work; what they do not hear, the sweep finds."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction


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
