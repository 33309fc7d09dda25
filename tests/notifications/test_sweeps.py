"""Sweeps run one at a time, leave a trace, and are late when they do not finish."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from config.celery import app
from notifications.models import SweepRun
from notifications.services import sweeps


@pytest.fixture
def counted() -> Iterator[list[int]]:
    """A sweep called `counted`, and the numbers of its runs."""
    runs: list[int] = []

    def sweep() -> int:
        runs.append(len(runs) + 1)
        return 7

    sweeps.register("counted", sweep)
    yield runs
    del sweeps._sweeps["counted"]


@pytest.mark.django_db
def test_a_run_leaves_when_it_was_and_what_it_handled(counted: list[int]) -> None:
    assert sweeps.run("counted") == 7
    row = SweepRun.objects.get(name="counted")
    assert (row.handled, row.error, counted) == (7, "", [1])
    assert row.finished_at is not None and row.finished_at >= row.started_at


@pytest.mark.django_db
def test_a_sweep_that_another_process_is_at_is_left_to_it(counted: list[int]) -> None:
    with psycopg.connect(**connection.get_connection_params() | {"autocommit": True}) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [sweeps.zlib.crc32(b"sweep:counted")])
        assert sweeps.run("counted") is None
        other.execute("SELECT pg_advisory_unlock_all()")
    assert counted == []
    assert sweeps.run("counted") == 7


@pytest.mark.django_db
def test_a_sweep_that_fails_keeps_its_error_and_its_last_success() -> None:
    def broken() -> int:
        raise ValueError("no such thing")

    sweeps.register("broken", broken)
    with pytest.raises(ValueError, match="no such thing"):
        sweeps.run("broken")
    del sweeps._sweeps["broken"]
    row = SweepRun.objects.get(name="broken")
    assert (row.error, row.finished_at) == ("ValueError: no such thing", None)


@pytest.mark.django_db
@pytest.mark.parametrize(("seconds", "late"), [(104, []), (106, ["expire_holds"])])
def test_a_sweep_is_late_after_three_intervals_and_a_minute(seconds: int, late: list[str]) -> None:
    SweepRun.objects.update(started_at=timezone.now())  # the database is as old as the tests that ran before
    SweepRun.objects.filter(name="expire_holds").update(
        started_at=timezone.now(), finished_at=timezone.now() - timedelta(seconds=seconds)
    )
    assert sweeps.late() == late


@pytest.mark.django_db
def test_every_scheduled_sweep_is_expected_from_the_migration_on() -> None:
    assert sorted(SweepRun.objects.values_list("name", flat=True)) == sorted(settings.SWEEPS)


@pytest.mark.django_db
def test_every_scheduled_sweep_has_its_task_and_runs() -> None:
    app.loader.import_default_modules()
    assert sorted(sweeps.names()) == sorted(settings.SWEEPS)
    for name in settings.SWEEPS:
        app.tasks[f"sweeps.{name}"].run()
    assert set(SweepRun.objects.values_list("error", flat=True)) == {""}
    assert not SweepRun.objects.filter(finished_at__isnull=True).exists()


@pytest.mark.django_db
def test_an_operator_runs_a_sweep_by_hand() -> None:
    said = StringIO()
    call_command("run_sweep", "expire_holds", stdout=said)
    assert said.getvalue() == "expire_holds: 0 handled\n"


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["expire_holds", "--all"]])
def test_a_mistake_names_the_sweeps(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=r"Sweeps: attempt_auto_top_ups, charge_chat_hours") as error:
        call_command("run_sweep", *arguments)
    assert error.value.returncode == 2
