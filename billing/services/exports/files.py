"""Reading what was handed out: the archive as it is stored, or one file of it, without reading it into memory."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from django.core.files import File
from django.core.files.storage import storages

from billing.models import AuditExport
from billing.services.exports.archive import CHUNK


class NotKeptError(LookupError):
    """The export is not ready, or its archive's time is over."""


def archive_name(export: AuditExport) -> str:
    """What the archive is called where it is saved: audit-2026-01-01-2026-03-31.zip"""
    return f"audit-{export.first_day}-{export.last_day}.zip"


def open_archive(export: AuditExport) -> File[Any]:
    """The archive. Raises NotKeptError, FileNotFoundError."""
    if not export.path:
        raise NotKeptError
    return storages["exports"].open(export.path)


def read_member(export: AuditExport, name: str) -> Iterator[bytes]:
    """One file of the archive, in pieces. Raises NotKeptError, FileNotFoundError, KeyError when there is none."""
    archive = zipfile.ZipFile(open_archive(export))
    return _pieces(archive, archive.getinfo(name))


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive, archive.open(member) as source:
        while piece := source.read(CHUNK):
            yield piece
