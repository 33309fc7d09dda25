"""The clock set back, for living through a past month in order. For demo data in a process of its own, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from unittest.mock import patch

from django.utils import timezone


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Within, `timezone.now()` says this (aware) moment, so that what is written is dated as it was written then.

    Holds for the whole process, threads included: only a command that does nothing else may use it.
    """
    with patch.object(timezone, "now", lambda: moment):
        yield
