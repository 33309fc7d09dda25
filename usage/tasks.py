"""Doorbells of usage's sweeps."""

from __future__ import annotations

from celery import shared_task

from notifications.services import sweeps
from usage.services import silence
from usage.services.chat_hours import charge_due_hours
from usage.services.rerating import TASK as WORK_ON_RERATING
from usage.services.rerating import working
from usage.services.what_if import running as what_if

RERATING_SECONDS_MAX = 6 * 3600  # of one job; others may take CELERY_TASK_TIME_LIMIT
WHAT_IF_SECONDS_MAX = 6 * 3600  # of one run; others may take CELERY_TASK_TIME_LIMIT

sweeps.register("charge_chat_hours", charge_due_hours)
sweeps.register("tell_of_silence", silence.tell_due)
sweeps.register("work_on_reratings", working.ring_for_due)
sweeps.register("run_what_ifs", what_if.ring_for_due)


@shared_task(name="sweeps.charge_chat_hours")
def charge_chat_hours() -> None:
    """Charge the chat hours that are over."""
    sweeps.run("charge_chat_hours")


@shared_task(name="sweeps.tell_of_silence")
def tell_of_silence() -> None:
    """Tell of accounts whose calls are no longer reported."""
    sweeps.run("tell_of_silence")


@shared_task(name=what_if.TASK, time_limit=WHAT_IF_SECONDS_MAX)
def run_what_if(run_id: int) -> None:
    """Price the calls of a what-if run."""
    what_if.work_off(run_id=run_id)


@shared_task(name="sweeps.run_what_ifs")
def run_what_ifs() -> None:
    """Ring for the what-if runs that no worker was told of, or that one left."""
    sweeps.run("run_what_ifs")


@shared_task(name=WORK_ON_RERATING, time_limit=RERATING_SECONDS_MAX)
def work_on_rerating(rerating_id: int) -> None:
    """Preview or correct the charges of a job."""
    working.work(rerating_id=rerating_id)


@shared_task(name="sweeps.work_on_reratings")
def work_on_reratings() -> None:
    """Ring for the jobs that no worker was told of, or that one left."""
    sweeps.run("work_on_reratings")
