"""Sweeps: what must happen by itself, found in rows and done again and again, each by one process at a time.

An app registers a sweep under the name that `settings.SWEEPS` schedules. A run holds an advisory lock, so that a late
run and a new one cannot overlap, and leaves a `SweepRun` that says when it was and what came of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.utils import timezone

from notifications.models import SweepRun

Sweep = Callable[[], int]
_sweeps: dict[str, Sweep] = {}
LATE_RUNS = 3
LATE_SECONDS = 60


def register(name: str, sweep: Sweep) -> None:
    """Make `sweep`, which returns how many rows it handled, known under `name`."""
    _sweeps[name] = sweep


def names() -> list[str]:
    """All registered sweeps."""
    return sorted(_sweeps)


def run(name: str) -> int | None:
    """Run a sweep now; returns what it handled, None when another process is at it. Raises KeyError when unknown."""
    sweep = _sweeps[name]
    lock = zlib.crc32(f"sweep:{name}".encode())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [lock])
        if not cursor.fetchone()[0]:
            return None
    try:
        return _run(name, sweep)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [lock])


def expect() -> None:
    """Begin to wait for every scheduled sweep that has never run, so that one that never starts is late, too."""
    now = timezone.now()
    rows = [SweepRun(name=name, started_at=now) for name in settings.SWEEPS]
    SweepRun.objects.bulk_create(rows, ignore_conflicts=True)


def late() -> list[str]:
    """The scheduled sweeps that have not finished for three times their interval and a minute."""
    runs = {run.name: run for run in SweepRun.objects.all()}
    now = timezone.now()
    found = []
    for name, seconds in settings.SWEEPS.items():
        known = runs.get(name)
        last = (known.finished_at or known.started_at) if known else None
        if last is not None and (now - last).total_seconds() > seconds * LATE_RUNS + LATE_SECONDS:
            found.append(name)
    return found


def _run(name: str, sweep: Sweep) -> int:
    SweepRun.objects.update_or_create(name=name, defaults={"started_at": timezone.now()})
    try:
        handled = sweep()
    except Exception as error:
        SweepRun.objects.filter(name=name).update(error=f"{type(error).__name__}: {error}"[:2000])
        raise
    SweepRun.objects.filter(name=name).update(finished_at=timezone.now(), handled=handled, error="")
    return handled
