"""Is an export what was signed, whole, and sound in itself? Needs its files and a public key, no database.

Checked are the signatures, the hashes and rows of the manifest, that no movement is missing, that debits, credits and
balances add up, that the hash chain computes anew from the movements, and that the charges' lines come to their sum.
Files are read row by row: their length costs no memory.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from billing.services.chain import TransferPart, link, payload
from billing.services.exports import movements
from billing.services.exports.archive import GUIDE, KEY, MANIFEST, SIGNATURE
from billing.services.exports.cells import unescaped
from billing.services.exports.signing import fingerprint_of, is_signed_by
from billing.services.exports.writing import FORMAT, facts_of

USAGE = "usage.csv"
CHARGE = "charge:"
FAULTS_MAX = 20
Cells = dict[str, str]


class TooManyFaultsError(Exception):
    """Enough is known."""


@dataclass(slots=True)
class Report:
    """What was found: no faults, and the export is sound. `fingerprint` is of the key that signed the manifest."""

    faults: list[str] = field(default_factory=list)
    fingerprint: str = ""
    manifest: dict[str, Any] = field(default_factory=dict)

    def fault(self, text: str) -> None:
        """Write a fault down. Raises TooManyFaultsError."""
        self.faults.append(text)
        if len(self.faults) >= FAULTS_MAX:
            raise TooManyFaultsError


def verify(folder: Path, keys: Sequence[Ed25519PublicKey]) -> Report:
    """Verify the files of an export against the keys that are trusted."""
    report = Report()
    try:
        _signatures(folder, keys, report)
        if not report.faults:
            _movements(folder, report)
    except TooManyFaultsError:
        report.faults.append("… and more.")
    except (OSError, ValueError, ArithmeticError, LookupError, TypeError) as error:
        report.faults.append(f"A file cannot be read: {type(error).__name__}: {error}")
    return report


def _signatures(folder: Path, keys: Sequence[Ed25519PublicKey], report: Report) -> None:
    signer = next((key for key in keys if _is_signed(folder, MANIFEST, key)), None)
    if signer is None:
        report.fault(f"{MANIFEST}: not signed by a key that is trusted.")
        return
    report.fingerprint = fingerprint_of(signer)
    report.manifest = manifest = json.loads((folder / MANIFEST).read_text())
    if manifest["format"] != FORMAT:
        report.fault(f"{MANIFEST}: of another format, {manifest['format']!r}.")
    known = {MANIFEST, GUIDE, KEY}
    for file in manifest["files"]:
        name = file["name"]
        known.add(name)
        if not (folder / name).is_file():
            report.fault(f"{name}: missing.")
            continue
        facts = facts_of(folder / name, rows=file["rows"])
        if (facts.sha256, facts.bytes) != (file["sha256"], file["bytes"]):
            report.fault(f"{name}: not the file that was signed; its SHA-256 is {facts.sha256}.")
        elif not _is_signed(folder, name, signer):
            report.fault(f"{name}{SIGNATURE}: not the signature of this file.")
    known |= {f"{name}{SIGNATURE}" for name in known}
    for path in sorted(folder.iterdir()):
        if path.name not in known:
            report.fault(f"{path.name}: no part of the export.")


def _is_signed(folder: Path, name: str, key: Ed25519PublicKey) -> bool:
    path, signature = folder / name, folder / f"{name}{SIGNATURE}"
    if not (path.is_file() and signature.is_file()):
        return False
    return is_signed_by(key, path=path, signature=signature.read_bytes())


class _Chain:
    """The movements as they come: each follows from the one before."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.wallet_id: int = report.manifest["wallet"]
        self.currency: str = report.manifest["currency"]
        self.number = 0
        self.balance = Decimal(0)
        self.hash = b""
        self.count = 0
        self.debit = self.credit = self.charged = Decimal(0)

    def open(self, row: Cells) -> None:
        """Begin where the opening row says."""
        self.number, self.balance, self.hash = int(row["number"]), _signed(row, "balance", "owed"), _hash(row)
        self._compare("opening", f"{self.balance:.6f}")
        self._compare("previous_hash", row["hash"])

    def follow(self, row: Cells) -> None:
        """Take one movement."""
        name = f"{movements.NAME}, movement {row['number']}"
        amount, balance = _signed(row, "credit", "debit"), _signed(row, "balance", "owed")
        if int(row["number"]) != self.number + 1:
            self.report.fault(f"{name}: follows {self.number}.")
        if balance != self.balance + amount:
            self.report.fault(f"{name}: {self.balance} and {amount} are not {balance}.")
        if link(self.hash, self._payload(row, amount, balance)) != _hash(row):
            self.report.fault(f"{name}: the hash does not compute from the one before and the row.")
        self.number, self.balance, self.hash = int(row["number"]), balance, _hash(row)
        self.count += 1
        self.debit += Decimal(row["debit"])
        self.credit += Decimal(row["credit"])
        if unescaped(row["key"]).startswith(CHARGE):
            self.charged -= amount

    def close(self, row: Cells) -> None:
        """The closing row and the manifest say the same as the movements."""
        closing = _signed(row, "balance", "owed")
        if (closing, int(row["number"]), _hash(row)) != (self.balance, self.number, self.hash):
            self.report.fault(f"{movements.NAME}: the closing row is not where the movements end.")
        self._compare("closing", f"{closing:.6f}")
        self._compare("movements", self.count)
        self._compare("debit", f"{self.debit:.6f}")
        self._compare("credit", f"{self.credit:.6f}")
        if self.count:
            self._compare("last", {"number": self.number, "hash": self.hash.hex()})

    def _compare(self, name: str, found: object) -> None:
        if self.report.manifest[name] != found:
            self.report.fault(f"{MANIFEST}: {name} is {self.report.manifest[name]}, the movements have {found}.")

    def _payload(self, row: Cells, amount: Decimal, balance: Decimal) -> bytes:
        return payload(
            wallet_id=self.wallet_id,
            number=int(row["number"]),
            kind=row["kind"],
            key=unescaped(row["key"]),
            currency=self.currency,
            amount=amount,
            balance_after=balance,
            project_id=int(row["project_id"]) if row["project_id"] else None,
            description=unescaped(row["description"]),
            reason=unescaped(row["reason"]),
            actor_id=int(row["actor_id"]) if row["actor_id"] else None,
            day=date.fromisoformat(row["day"]),
            created_at=datetime.fromisoformat(row["at"]),
            transfers=_transfers(row["transfers"]),
        )


def _movements(folder: Path, report: Report) -> None:
    chain = _Chain(report)
    steps = {movements.OPENING: chain.open, movements.MOVEMENT: chain.follow, movements.CLOSING: chain.close}
    order = []
    for row in _rows(folder / movements.NAME):
        if row["entry"] != movements.MOVEMENT:
            order.append(row["entry"])
        steps[row["entry"]](row)
    if order != [movements.OPENING, movements.CLOSING]:
        report.fault(f"{movements.NAME}: it has not one opening and one closing row.")
    if (folder / USAGE).is_file():
        lines = sum((Decimal(row["amount"]) for row in _rows(folder / USAGE)), Decimal(0))
        if lines != chain.charged:
            report.fault(f"{USAGE}: its lines come to {lines}, the charges to {chain.charged}.")


def _rows(path: Path) -> Iterator[Cells]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file, strict=True)


def _signed(row: Cells, positive: str, negative: str) -> Decimal:
    return Decimal(row[positive]) - Decimal(row[negative])


def _hash(row: Cells) -> bytes:
    return bytes.fromhex(row["hash"])


def _transfers(cell: str) -> list[TransferPart]:
    parts: list[TransferPart] = []
    for text in cell.split(";") if cell else []:
        accounts, amount, grant = text.split(":")
        source, target = accounts.split(">")
        parts.append((int(source), int(target), Decimal(amount), int(grant) if grant else None))
    return parts
