"""Doorbells: what tells a worker, after the commit, that there is something to do at once.

A bell is never the record: whatever it announces is a row that a sweep finds, too, when the broker was deaf.
"""

from __future__ import annotations

import time

from django.db import transaction

RING_SECONDS_MIN = 1.0
_rung: dict[int, float] = {}


def ring_auto_top_up(wallet_id: int) -> None:
    """Have a worker look at the wallet's automatic top-up after the commit; at most once a second and process.

    A busy wallet below its threshold charges hundreds of times before the worker has begun.
    """
    now = time.monotonic()
    if now - _rung.get(wallet_id, -RING_SECONDS_MIN) >= RING_SECONDS_MIN:
        _rung[wallet_id] = now
        ring("billing.attempt_auto_top_up", wallet_id)


def ring(task: str, *arguments: int) -> None:
    """Send a task by name after the commit."""

    def send() -> None:  # Django names what failed by its __qualname__, which a partial lacks
        _send(task, arguments)

    transaction.on_commit(send, robust=True)


def _send(task: str, arguments: tuple[int, ...]) -> None:
    from celery import current_app

    current_app.send_task(task, args=arguments, ignore_result=True)
