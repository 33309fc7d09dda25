"""When each sweep last ran, and whether it is late."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import admin
from django.utils import timezone
from unfold.decorators import display

from notifications.models import SweepRun
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin

LATE_FACTOR = 3
LATE_GRACE = timedelta(minutes=1)


def is_late(name: str, finished_at: datetime | None) -> bool:
    """Whether the sweep should have finished again by now: three of its intervals and a minute ago."""
    interval = settings.SWEEPS.get(name)
    if interval is None:
        return False
    return finished_at is None or timezone.now() - finished_at > LATE_FACTOR * timedelta(seconds=interval) + LATE_GRACE


@admin.register(SweepRun)
class SweepRunAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Sweeps."""

    list_display = ("name", "state", "started_at", "finished_at", "every", "handled", "error")
    fields = ("name", "state", "every", "started_at", "finished_at", "handled", "error")
    readonly_fields = ("state", "every")

    @display(description="state", label={"on time": "success", "late": "danger", "failed": "warning"})
    def state(self, obj: SweepRun) -> str:
        """On time, late, or failed on its last run."""
        return "late" if is_late(obj.name, obj.finished_at) else "failed" if obj.error else "on time"

    @display(description="runs every")
    def every(self, obj: SweepRun) -> str:
        """The interval in seconds, from the settings."""
        interval = settings.SWEEPS.get(obj.name)
        return f"{interval} s" if interval is not None else "not scheduled"
