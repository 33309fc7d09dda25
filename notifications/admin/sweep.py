"""When each sweep last ran, and whether it is late."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import admin
from django.utils import timezone
from unfold.decorators import display

from notifications.models import SweepRun
from notifications.services.sweeps import LATE_RUNS, LATE_SECONDS
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin


def is_late(run: SweepRun) -> bool:
    """Whether the sweep should have finished again by now, by the rule of `notifications.services.sweeps.late`."""
    interval = settings.SWEEPS.get(run.name)
    waited = timezone.now() - (run.finished_at or run.started_at)
    return interval is not None and waited > timedelta(seconds=interval * LATE_RUNS + LATE_SECONDS)


@admin.register(SweepRun)
class SweepRunAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Sweeps."""

    list_display = ("name", "state", "started_at", "finished_at", "every", "handled", "error")
    fields = ("name", "state", "every", "started_at", "finished_at", "handled", "error")
    readonly_fields = ("state", "every")

    @display(description="state", label={"on time": "success", "late": "danger", "failed": "warning"})
    def state(self, obj: SweepRun) -> str:
        """On time, late, or failed on its last run."""
        return "late" if is_late(obj) else "failed" if obj.error else "on time"

    @display(description="runs every")
    def every(self, obj: SweepRun) -> str:
        """The interval in seconds, from the settings."""
        interval = settings.SWEEPS.get(obj.name)
        return f"{interval} s" if interval is not None else "not scheduled"
