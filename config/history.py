"""What is recorded of other packages' models that staff may change: the clock by which work is begun."""

from __future__ import annotations

from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule

from organizations.history.tracking import track


def declare() -> None:
    """Say it once, when the app is ready."""
    track(PeriodicTask, ignored=("last_run_at", "total_run_count", "date_changed"))
    for schedule in (IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
        track(schedule)
