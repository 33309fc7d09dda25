"""One worker at a time works on a job: its claim is a lease that every batch extends in the batch's own transaction.

A worker that was killed lets it run out, and the sweep rings for the next one. One that only hung finds out at the end
of its batch that the job is no longer its own, or was stopped, and rolls that batch back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from usage.models import Rerating
from usage.models.rerating import REASON_LENGTH

LEASE = timedelta(minutes=2)
PAUSE = timedelta(seconds=30)  # after a failure, longer each time
FAILURES_MAX = 3  # in a row, without a batch between them
CANNOT = "It could not go on in three attempts."
WORKING = (Rerating.State.PREVIEWING, Rerating.State.RUNNING)


class LostError(Exception):
    """Another worker has the job now, or it was stopped."""


def claimable(now: datetime) -> Q:
    """Jobs that wait for a worker, or that one left."""
    over = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    return Q(state__in=WORKING) & over


def claim(rerating_id: int) -> Rerating | None:
    """Take the job; None where there is nothing to do, or another worker is at it."""
    now = timezone.now()
    free = Rerating.objects.filter(claimable(now), pk=rerating_id)
    ended = {"state": Rerating.State.FAILED, "finished_at": now, "leased_until": None}
    if free.filter(failures__gte=FAILURES_MAX, error="").update(**ended, error=CANNOT):
        return None
    if free.filter(failures__gte=FAILURES_MAX).update(**ended):
        return None
    # Counted as a failure until a batch is through, so that what kills its workers is not begun for ever.
    if not free.update(attempt=F("attempt") + 1, failures=F("failures") + 1, leased_until=now + LEASE):
        return None
    return Rerating.objects.get(pk=rerating_id)


def extend(rerating: Rerating, **columns: Any) -> None:
    """Write what the batch changed of the job's row, in the batch's transaction. Raises LostError."""
    _write(rerating, leased_until=timezone.now() + LEASE, failures=0, error="", **columns)


def finish(rerating: Rerating, state: Rerating.State, **columns: Any) -> None:
    """The same, and the job is in this state now. Raises LostError."""
    ended = {} if state == Rerating.State.READY else {"finished_at": timezone.now()}
    _write(rerating, state=state, leased_until=None, failures=0, error="", **ended, **columns)


def put_back(rerating: Rerating, error: Exception) -> None:
    """Let it be tried again in a while; after the last attempt the next claim gives it up."""
    words = f"{type(error).__name__}: {error}"[:REASON_LENGTH]
    failures = rerating.failures or 1
    _mine(rerating).update(leased_until=timezone.now() + PAUSE * failures, error=words)


def _write(rerating: Rerating, **columns: Any) -> None:
    if not _mine(rerating).update(**columns):
        raise LostError
    for name, value in columns.items():
        setattr(rerating, name, value)


def _mine(rerating: Rerating) -> Any:
    return Rerating.objects.filter(pk=rerating.pk, attempt=rerating.attempt, state=rerating.state)
