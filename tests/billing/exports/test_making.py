"""Made once, by one worker at a time, whatever dies meanwhile; asked for without end by nobody; gone after its time."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.files.storage import storages
from django.utils import timezone

from billing.models import AuditExport
from billing.services.exports import asking, making
from billing.services.exports.asking import ExportRefusedError, ask
from billing.services.exports.making import make, remove_expired, ring_for_due
from billing.services.exports.verify import verify
from notifications.models import Notice
from organizations.models import Account
from tests.billing.exports.exporting import asked, trusted, unpacked
from tests.billing.threads import at_once
from tests.config.processes import own_environment, running
from tests.factories import make_user

Make = Callable[..., Account]
# A worker that is killed between two rows.
DIES = """
import os, signal, django
django.setup()
from billing.services.exports import making
making._Progress.beat = lambda self, rows: os.kill(os.getpid(), signal.SIGKILL)
making.make(export_id={export_id})
"""


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The exports that a worker was rung for."""
    bells: list[int] = []
    for module in (asking, making):
        monkeypatch.setattr(module, "ring", lambda task, export_id: bells.append(export_id))
    return bells


def of_today(account: Account) -> AuditExport:
    today = timezone.now().date()
    return asked(account, today, today)


def stored() -> set[str]:
    return set(storages["exports"].listdir("")[1]) if storages["exports"].exists("") else set()


@pytest.mark.django_db(transaction=True)
def test_a_kill_in_the_middle_leaves_an_export_that_the_next_worker_makes(
    bare_account: Make, rung: list[int], tmp_path: Path
) -> None:
    export = of_today(bare_account("aitelier", paid="10"))
    log = tmp_path / "worker.log"
    environment = own_environment(tmp_path, DJANGO_SETTINGS_MODULE="config.settings", EXPORTS_DIR=str(tmp_path / "x"))
    with running(["-c", DIES.format(export_id=export.pk)], environment, log) as worker:
        assert worker.wait(60) == -signal.SIGKILL, log.read_text()
    export.refresh_from_db()
    assert (export.status, export.attempt) == ("running", 1)
    assert not make(export_id=export.pk)  # it may still be alive
    assert ring_for_due() == 0
    AuditExport.objects.filter(pk=export.pk).update(leased_until=timezone.now())
    assert ring_for_due() == 1
    assert rung == [export.pk, export.pk]
    assert make(export_id=export.pk)
    export.refresh_from_db()
    assert (export.status, export.attempt, export.path) == ("ready", 2, f"{export.reference}-2.zip")
    assert verify(unpacked(export, tmp_path), trusted()).faults == []
    assert Notice.objects.filter(event="export_ready").count() == 1
    assert not make(export_id=export.pk)
    assert Notice.objects.filter(event="export_ready").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_it_once(bare_account: Make, rung: list[int]) -> None:
    export = of_today(bare_account("aitelier", paid="10"))
    before = stored()
    answers = at_once([lambda: make(export_id=export.pk)] * 3)
    assert sorted(answers, key=str) == [False, False, True]
    export.refresh_from_db()
    assert stored() - before == {export.path}
    assert Notice.objects.filter(event="export_ready").count() == 1


@pytest.mark.django_db(transaction=True)
def test_progress_is_seen_while_it_is_made(
    bare_account: Make, rung: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    export = of_today(bare_account("aitelier", paid="10"))
    seal, seen = making.seal, []

    def watched(*args: object) -> making.Archive:
        seen.append(AuditExport.objects.values("status", "rows", "rows_expected").get())
        return seal(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(making, "BEAT_SECONDS", 0)
    monkeypatch.setattr(making, "seal", watched)
    assert make(export_id=export.pk)
    assert seen == [{"status": "running", "rows": 3, "rows_expected": 3}]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_hung_stops_when_another_has_the_export(
    bare_account: Make, rung: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    export = of_today(bare_account("aitelier", paid="10"))
    before = stored()
    seal = making.seal

    def hangs(*args: object) -> making.Archive:
        monkeypatch.setattr(making, "seal", seal)
        AuditExport.objects.filter(pk=export.pk).update(leased_until=timezone.now())
        assert at_once([lambda: make(export_id=export.pk)]) == [True]
        return seal(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(making, "seal", hangs)
    assert not make(export_id=export.pk)
    export.refresh_from_db()
    assert (export.status, export.attempt) == ("ready", 2)
    assert stored() - before == {export.path}


@pytest.mark.django_db(transaction=True)
def test_an_account_has_one_made_at_a_time(bare_account: Make, rung: list[int]) -> None:
    account = bare_account("aitelier", paid="10")
    first, second = of_today(account), asked(account)
    AuditExport.objects.filter(pk=first.pk).update(
        status="running", attempt=1, leased_until=timezone.now() + timedelta(minutes=1)
    )
    assert not make(export_id=second.pk)
    AuditExport.objects.filter(pk=first.pk).update(leased_until=timezone.now())
    assert make(export_id=first.pk)
    assert make(export_id=second.pk)


@pytest.mark.django_db(transaction=True)
def test_who_asks_twice_at_once_gets_one_export(bare_account: Make, rung: list[int]) -> None:
    account, user = bare_account("aitelier"), make_user()
    today = timezone.now().date()
    answers = at_once([lambda: ask(wallet_id=account.wallet.pk, first_day=today, last_day=today, user_id=user.pk)] * 4)
    assert len({answer.pk for answer in answers if isinstance(answer, AuditExport)}) == 1
    assert AuditExport.objects.count() == 1
    assert len(rung) == 1


@pytest.mark.django_db
def test_it_is_given_up_after_three_failures_and_says_why(
    bare_account: Make, rung: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **options: object) -> dict[str, object]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(making, "write_export", full)
    export = of_today(bare_account("aitelier"))
    for seconds in (0, 10, 50):
        with time_machine.travel(timezone.now() + timedelta(seconds=seconds)):
            assert not make(export_id=export.pk)
    export.refresh_from_db()
    assert (export.status, export.attempt) == ("requested", 1)  # each failure pauses for a while
    for minutes in (5, 10):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
            assert not make(export_id=export.pk)
    export.refresh_from_db()
    assert (export.status, export.attempt) == ("failed", 3)
    assert export.error == "OSError: [Errno 28] No space left on device"
    assert Notice.objects.count() == 0
    assert ring_for_due() == 0


@pytest.mark.django_db
def test_one_that_kills_its_workers_is_given_up(bare_account: Make, rung: list[int]) -> None:
    export = of_today(bare_account("aitelier"))
    AuditExport.objects.filter(pk=export.pk).update(status="running", attempt=3, leased_until=timezone.now())
    assert not make(export_id=export.pk)
    export.refresh_from_db()
    assert (export.status, export.error) == ("failed", "It could not be made in three attempts.")


@pytest.mark.django_db
def test_an_archive_is_removed_after_thirty_days_and_what_it_was_stays(bare_account: Make, rung: list[int]) -> None:
    export = of_today(bare_account("aitelier"))
    assert make(export_id=export.pk)
    export.refresh_from_db()
    path, digest = export.path, export.sha256
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        assert remove_expired() == 0
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert remove_expired() == 1
        assert remove_expired() == 0
    export.refresh_from_db()
    assert not storages["exports"].exists(path)
    assert (export.status, export.path, export.sha256) == ("ready", "", digest)


@pytest.mark.django_db
def test_archives_are_their_owners_only(bare_account: Make, rung: list[int]) -> None:
    export = of_today(bare_account("aitelier"))
    assert make(export_id=export.pk)
    export.refresh_from_db()
    mode = Path(storages["exports"].path(export.path)).stat().st_mode
    assert mode & 0o777 == 0o600
    assert os.fspath(export.path) == f"{export.reference}-1.zip"  # a random name


@pytest.mark.django_db
def test_a_customer_asks_ten_times_a_day_and_staff_as_often_as_needed(bare_account: Make, rung: list[int]) -> None:
    account, user = bare_account("aitelier"), make_user()
    today = timezone.now().date()

    def for_days(days: int, *, is_staff: bool = False) -> AuditExport:
        return ask(
            wallet_id=account.wallet.pk, first_day=today - timedelta(days=days), last_day=today, user_id=user.pk,
            is_staff=is_staff,
        )  # fmt: skip

    for days in range(10):
        for_days(days)
    with pytest.raises(ExportRefusedError, match="10 exports were asked for within a day"):
        for_days(10)
    assert AuditExport.objects.count() == 10
    for_days(10, is_staff=True)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        for_days(11)
    assert AuditExport.objects.count() == 12


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "last", "words"),
    [(0, -1, "Before the first day"), (0, 1, "In the future"), (-20000, 0, "Too long ago")],
)
def test_days_that_are_none_are_refused(bare_account: Make, rung: list[int], first: int, last: int, words: str) -> None:
    account, today = bare_account("aitelier"), timezone.now().date()
    with pytest.raises(ExportRefusedError, match=words):
        asked(account, today + timedelta(days=first), today + timedelta(days=last))
    assert AuditExport.objects.count() == 0
    assert rung == []
