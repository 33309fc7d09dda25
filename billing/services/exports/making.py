"""Making exports: by one worker at a time for each account, from its claim to the finished archive.

A claim is a lease that progress extends. A worker that was killed lets it run out; the sweep rings for the next one,
which begins again. One that only hung finds out at its next step that the export is no longer its own, and stops.
"""

from __future__ import annotations

import logging
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from django.core.files import File
from django.core.files.storage import storages
from django.db import IntegrityError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Q
from django.utils import timezone

from billing.models import AuditExport, ExportStatus
from billing.services.doorbells import ring
from billing.services.exports.archive import Archive, seal
from billing.services.exports.signing import Signer, current_signer
from billing.services.exports.writing import facts_of, rows_expected, scope_of, write_export
from notifications.models import Event
from notifications.services.notices import Told, tell
from organizations.database import snapshot

logger = logging.getLogger(__name__)
TASK = "billing.make_export"
LEASE = timedelta(minutes=5)
ATTEMPTS_MAX = 3
PAUSE = timedelta(minutes=1)  # after a failure, longer each time
KEPT = timedelta(days=30)
BEAT_SECONDS = 1.0
ERROR_LENGTH = 255
CANNOT = "It could not be made in three attempts."

EXTEND = """
UPDATE billing_auditexport SET rows = %s, rows_expected = %s, leased_until = %s
 WHERE id = %s AND attempt = %s AND status = 'running'
"""


class LostError(Exception):
    """Another worker has the export now."""


def make(*, export_id: int) -> bool:
    """Make an export that waits for it, or that a dead worker left; whether this call finished it."""
    export = _claim(export_id)
    if export is None:
        return False
    try:
        signer = current_signer()
        with tempfile.TemporaryDirectory(prefix="export-") as folder:
            archive = _write(export, signer, Path(folder))
            return _finish(export, signer, archive)
    except LostError:
        logger.warning("Export %s was taken over by another worker.", export.pk)
        return False
    except Exception as error:  # whatever it was, it is written down, and tried again
        logger.exception("Export %s failed.", export.pk)
        _put_back(export, error)
        return False


def ring_for_due() -> int:
    """Ring for every export that waits or was left; returns how many."""
    due = list(AuditExport.objects.filter(_claimable(timezone.now())).order_by("id").values_list("pk", flat=True))
    for export_id in due:
        ring(TASK, export_id)
    return len(due)


def remove_expired() -> int:
    """Remove the archives whose time is over; returns how many. What they were stays written down."""
    count = 0
    for export in AuditExport.objects.exclude(path="").filter(expires_at__lte=timezone.now()).order_by("id"):
        storages["exports"].delete(export.path)
        AuditExport.objects.filter(pk=export.pk).update(path="")
        count += 1
    return count


def _claimable(now: datetime) -> Q:
    over = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    return Q(status__in=[ExportStatus.REQUESTED, ExportStatus.RUNNING]) & over


def _claim(export_id: int) -> AuditExport | None:
    """Take the export; None where there is nothing to do, or another of the wallet is being made."""
    now = timezone.now()
    free = AuditExport.objects.filter(_claimable(now), pk=export_id)
    spent = free.filter(attempt__gte=ATTEMPTS_MAX)
    if spent.update(status=ExportStatus.FAILED, finished_at=now, leased_until=None, error=CANNOT):
        return None
    try:
        with transaction.atomic():
            taken = free.update(
                status=ExportStatus.RUNNING, attempt=F("attempt") + 1, leased_until=now + LEASE, rows=0, error=""
            )
    except IntegrityError:  # `export_one_running`
        return None
    if not taken:
        return None
    export = AuditExport.objects.get(pk=export_id)
    for attempt in range(1, export.attempt):
        storages["exports"].delete(_path(export, attempt))  # of a worker that died before it could say so
    return export


def _write(export: AuditExport, signer: Signer, folder: Path) -> Archive:
    progress = _Progress(export)
    try:
        with snapshot():
            now = timezone.now()
            progress.expected = rows_expected(scope_of(export, now=now))
            manifest = write_export(export, signer.key, folder, progress.beat, now=now)
        return seal(manifest, signer, folder, progress.beat)
    finally:
        progress.close()


def _finish(export: AuditExport, signer: Signer, archive: Archive) -> bool:
    """Store the archive and say that it is ready, once."""
    facts = facts_of(archive.path, rows=0)
    rows = sum(file["rows"] for file in archive.manifest["files"])
    with archive.path.open("rb") as file:
        path = storages["exports"].save(_path(export, export.attempt), File(file))
    now = timezone.now()
    with transaction.atomic():
        done = AuditExport.objects.filter(pk=export.pk, attempt=export.attempt, status=ExportStatus.RUNNING).update(
            status=ExportStatus.READY, finished_at=now, leased_until=None, rows=rows, rows_expected=rows,
            manifest=archive.manifest, key=signer.key, path=path, size=facts.bytes, sha256=facts.sha256,
            expires_at=now + KEPT,
        )  # fmt: skip
        if done:
            tell(_told(export, expires_at=now + KEPT))
    if not done:
        storages["exports"].delete(path)
        raise LostError
    return True


def _told(export: AuditExport, *, expires_at: datetime) -> Told:
    key = f"audit_export:{export.pk}"
    facts = {
        "first_day": export.first_day.isoformat(),
        "last_day": export.last_day.isoformat(),
        "expires_at": expires_at.isoformat(),
    }
    return Told(export.wallet.account_id, Event.EXPORT_READY, key, subject=key, facts=facts)


def _put_back(export: AuditExport, error: Exception) -> None:
    """Try it again in a while, or give it up."""
    is_last = export.attempt >= ATTEMPTS_MAX
    now = timezone.now()
    AuditExport.objects.filter(pk=export.pk, attempt=export.attempt, status=ExportStatus.RUNNING).update(
        status=ExportStatus.FAILED if is_last else ExportStatus.REQUESTED,
        finished_at=now if is_last else None,
        leased_until=None if is_last else now + PAUSE * export.attempt,
        error=f"{type(error).__name__}: {error}"[:ERROR_LENGTH],
    )


def _path(export: AuditExport, attempt: int) -> str:
    return f"{export.reference}-{attempt}.zip"


class _Progress:
    """Tells the row how far it is, and extends the lease: on a connection of its own, as the snapshot's writes nothing.

    Inside somebody else's transaction (a test's) there is no other connection that sees the row.
    """

    def __init__(self, export: AuditExport) -> None:
        self.export = export
        self.expected = 0
        self._rows = 0
        self._told_at = 0.0
        self._connection: BaseDatabaseWrapper = connection if connection.in_atomic_block else connection.copy()

    def beat(self, rows: int) -> None:
        """So many rows more, or none. Raises LostError."""
        self._rows += rows
        if time.monotonic() - self._told_at < BEAT_SECONDS:
            return
        self._told_at = time.monotonic()
        until = timezone.now() + LEASE
        mine = (self._rows, max(self.expected, self._rows), until, self.export.pk, self.export.attempt)
        with self._connection.cursor() as cursor:
            cursor.execute(EXTEND, mine)
            if cursor.rowcount != 1:
                raise LostError

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not connection:
            self._connection.close()
