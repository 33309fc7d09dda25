"""Writes an export's files into a folder, from one snapshot, a batch of rows at a time: memory does not grow with rows.

What is handed out adds up: the opening balance and every movement give the closing balance, which is the ledger's, and
each number follows the one before. Otherwise nothing is handed out.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from billing.models import AuditExport, SigningKey, Transaction, Wallet
from billing.services.chain import GENESIS
from billing.services.exports.addresses import key_url
from billing.services.exports.cells import BYTE_ORDER_MARK
from billing.services.exports.documents import documents
from billing.services.exports.movements import Sums, movements
from billing.services.exports.parts import Scope, Table, usage_parts

FORMAT = "billing-audit-export/1"
Beat = Callable[[int], None]


class UnsoundError(Exception):
    """The ledger's rows do not add up: `verify_ledger` says more."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file, as the manifest has it; `rows` without the header."""

    name: str
    sha256: str
    bytes: int
    rows: int


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The day's first instant; where the clock leaps over midnight, the instant of the leap."""
    return datetime.combine(day, time(), zone)


def scope_of(export: AuditExport, *, now: datetime) -> Scope:
    """What the export covers as the snapshot has it, up to now at most."""
    zone = ZoneInfo(export.timezone)
    wallet = Wallet.objects.select_related("account__product").get(pk=export.wallet_id)
    starts_at = midnight(export.first_day, zone)
    ends_at = midnight(export.last_day + timedelta(days=1), zone)
    first, after = (_first_number(wallet, at) for at in (starts_at, ends_at))
    before = Transaction.objects.filter(wallet=wallet, number=first - 1).first()
    return Scope(
        wallet_id=wallet.pk,
        account_id=wallet.account_id,
        currency=wallet.currency,
        zone=zone,
        shows_costs=wallet.account.product.shows_costs,
        starts_at=starts_at,
        ends_at=min(ends_at, now),
        first_number=first,
        last_number=after - 1,
        opening=before.balance_after.amount if before else Decimal(0),
        opening_hash=bytes(before.hash) if before else GENESIS,
    )


def rows_expected(scope: Scope) -> int:
    """About how many rows there will be."""
    return scope.last_number - scope.first_number + 1 + sum(parts.rows_expected(scope) for parts in usage_parts())


def write_export(export: AuditExport, key: SigningKey, folder: Path, beat: Beat, *, now: datetime) -> dict[str, Any]:
    """Write every table and return the manifest, inside the caller's snapshot; `beat` is told of each batch's rows.

    Raises UnsoundError, and whatever `beat` raises.
    """
    scope = scope_of(export, now=now)
    sums = Sums()
    tables = [movements(scope, sums), documents(scope)]
    for parts in usage_parts():
        tables += parts.tables(scope)
    files = [facts for table in tables if (facts := _write(table, folder, beat)) is not None]
    _check(scope, sums)
    return _manifest(export, key, scope, sums, files)


def facts_of(path: Path, *, rows: int) -> FileFacts:
    """The file's hash and size."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileFacts(path.name, digest, path.stat().st_size, rows)


def _first_number(wallet: Wallet, at: datetime) -> int:
    found = Transaction.objects.filter(wallet=wallet, created_at__gte=at).order_by("number").values_list("number")
    first = found.first()
    return first[0] if first else wallet.last_number + 1


def _write(table: Table, folder: Path, beat: Beat) -> FileFacts | None:
    path, rows = folder / table.name, 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(BYTE_ORDER_MARK)
        writer = csv.writer(file)
        writer.writerow(table.header)
        for batch in table.batches:
            writer.writerows(batch)
            rows += len(batch)
            beat(len(batch))
    if table.may_be_absent and not rows:
        path.unlink()
        return None
    return facts_of(path, rows=rows)


def _check(scope: Scope, sums: Sums) -> None:
    wanted = scope.last_number - scope.first_number + 1
    if sums.rows != wanted:
        raise UnsoundError(f"{sums.rows} movements, but the numbers tell of {wanted}.")
    last = Transaction.objects.filter(wallet_id=scope.wallet_id, number=scope.last_number).first()
    closing = last.balance_after.amount if last else Decimal(0)
    if scope.opening + sums.credit - sums.debit != closing or sums.closing != closing:
        raise UnsoundError(f"The movements come to {sums.closing}, the ledger to {closing}.")


def _manifest(export: AuditExport, key: SigningKey, scope: Scope, sums: Sums, files: list[FileFacts]) -> dict[str, Any]:
    wallet = Wallet.objects.select_related("account__product").get(pk=scope.wallet_id)
    return {
        "format": FORMAT,
        "export": str(export.reference),
        "made_at": timezone.now().isoformat(timespec="microseconds"),
        "product": wallet.account.product.slug,
        "account": wallet.account.external_id,
        "account_name": wallet.account.name,
        "wallet": wallet.pk,
        "currency": scope.currency,
        "timezone": scope.zone.key,
        "first_day": export.first_day.isoformat(),
        "last_day": export.last_day.isoformat(),
        "starts_at": scope.here(scope.starts_at),
        "ends_at": scope.here(scope.ends_at),
        "opening": f"{scope.opening:.6f}",
        "debit": f"{sums.debit:.6f}",
        "credit": f"{sums.credit:.6f}",
        "closing": f"{sums.closing:.6f}",
        "movements": sums.rows,
        "kinds": {
            kind: {"movements": count, "amount": f"{amount:.6f}"}
            for kind, (count, amount) in sorted(sums.kinds.items())
        },
        "previous_hash": scope.opening_hash.hex(),
        "first": _end(sums.first),
        "last": _end(sums.last),
        "chain_head": {"number": wallet.last_number, "hash": bytes(wallet.chain_head).hex()},
        "files": [{"name": f.name, "sha256": f.sha256, "bytes": f.bytes, "rows": f.rows} for f in files],
        "key": {"algorithm": "Ed25519", "fingerprint": key.fingerprint, "address": key_url(key)},
    }


def _end(end: tuple[int, str] | None) -> dict[str, Any] | None:
    return {"number": end[0], "hash": end[1]} if end else None
