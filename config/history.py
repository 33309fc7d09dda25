"""What is recorded of other packages' models that staff may change, and the rule that all that records is in force."""

from __future__ import annotations

from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule

from billing.verification.invariant import Invariant
from organizations.history import triggers
from organizations.history.tracking import track

PROTECTION = [
    ("organizations_recordedchange", "history_stays"),
    ("organizations_recordedchange", "history_is_recorded"),
    ("django_admin_log", "history_stays"),
]


def declare() -> None:
    """Say it once, when the app is ready."""
    track(PeriodicTask, ignored=("last_run_at", "total_run_count", "date_changed"))
    for schedule in (IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
        track(schedule)


def everything_is_recorded() -> Invariant:
    """The rule, once every app has said what it records."""
    wanted = ", ".join(f"('{table}', '{name}')" for table, name in [*triggers.names(), *PROTECTION])
    return Invariant(
        "history_is_recorded",
        "Every trigger that writes the history or keeps it from being changed stands and is switched on.",
        f"""
SELECT w.of_table, w.name, coalesce(t.tgenabled::text, 'missing') AS state
  FROM (VALUES {wanted}) w(of_table, name)
  LEFT JOIN pg_trigger t ON t.tgrelid = to_regclass(w.of_table) AND t.tgname = w.name
 WHERE coalesce(t.tgenabled NOT IN ('O', 'A'), true)
""",
    )
