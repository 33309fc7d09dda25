"""Exports for tests: asked for, made as a worker makes them, and unpacked."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.files.storage import storages

from billing.models import AuditExport
from billing.services.exports.archive import unpack
from billing.services.exports.asking import ask
from billing.services.exports.making import make
from billing.services.exports.signing import load_public_key, public_keys
from organizations.models import Account
from tests.factories import make_user

DAY = date(2026, 3, 15)


def asked(account: Account, first: date = DAY, last: date = DAY) -> AuditExport:
    """An export that waits for its worker."""
    return ask(wallet_id=account.wallet.pk, first_day=first, last_day=last, user_id=make_user().pk, is_staff=True)


def made(account: Account, first: date = DAY, last: date = DAY) -> AuditExport:
    """A finished export of the days."""
    export = asked(account, first, last)
    assert make(export_id=export.pk)
    export.refresh_from_db()
    return export


def unpacked(export: AuditExport, folder: Path) -> Path:
    """Its files in a folder of their own."""
    target = folder / str(export.reference)
    target.mkdir()
    unpack(Path(storages["exports"].path(export.path)), target)
    return target


def rows(path: Path) -> list[dict[str, str]]:
    """A file's rows, as a program of an auditor reads them."""
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


def trusted() -> list[Ed25519PublicKey]:
    """The keys that this site has published."""
    return [load_public_key(key.public_key.encode()) for key in public_keys()]
