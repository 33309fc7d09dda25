"""The daily signed heads of all ledger chains: one file a day, to be kept where nobody who runs this can change it.

A head is the number and the hash of a wallet's last transaction. Whoever kept a day's file can show later that nothing
up to it was changed, and `verify_ledger` compares the heads kept here with the chains.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone

from billing.models import SignedDay
from billing.services.exports.signing import current_signer
from organizations.database import run

HEADER = "day,wallet,number,hash\r\n"
LOCK = 0x48454144  # "HEAD": one process signs a day

# One statement is one moment: heads that moved since their last row, and none of a wallet without a transaction.
TAKE = """
INSERT INTO billing_chainhead (wallet_id, day, number, hash)
SELECT w.id, %s::date, w.last_number, w.chain_head FROM billing_wallet w
 WHERE w.last_number > coalesce((SELECT max(h.number) FROM billing_chainhead h WHERE h.wallet_id = w.id), 0)
"""
HEADS = """
SELECT DISTINCT ON (wallet_id) wallet_id, number, encode(hash, 'hex') FROM billing_chainhead
 WHERE day <= %s::date ORDER BY wallet_id, day DESC
"""


class HeadsChangedError(Exception):
    """A day's file is not the one that was signed."""


@dataclass(frozen=True, slots=True)
class HeadsFile:
    """One day's file and its detached signature."""

    day: date
    content: bytes
    signature: bytes

    @property
    def name(self) -> str:
        """heads-2026-03-15.csv"""
        return f"heads-{self.day:%Y-%m-%d}.csv"


def sign_day() -> bool:
    """Take and sign the heads of today (UTC); False when that is done. Raises KeyUnusableError, HeadsChangedError.

    Before that the last signed day is made anew and compared, so that a change is noticed within a day.
    """
    signer = current_signer()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        now = timezone.now()
        day = now.astimezone(UTC).date()
        last = SignedDay.objects.order_by("-day").first()
        if last is not None and last.day >= day:
            return False
        if last is not None:
            heads_file(last)
        run((TAKE, [day]))
        content, wallets = _content(day)
        SignedDay.objects.create(
            day=day,
            made_at=now,
            wallets=wallets,
            sha256=hashlib.sha256(content).hexdigest(),
            signature=signer.sign(content),
            key=signer.key,
        )
    return True


def heads_file(signed: SignedDay) -> HeadsFile:
    """The day's file, made anew. Raises HeadsChangedError when it is not what was signed."""
    content, _wallets = _content(signed.day)
    if hashlib.sha256(content).hexdigest() != signed.sha256:
        raise HeadsChangedError(f"The heads of {signed.day} are not those that were signed.")
    return HeadsFile(signed.day, content, bytes(signed.signature))


def write_files(days: Iterable[SignedDay], folder: Path) -> int:
    """Write the files of these days and their signatures, but for those that are there; returns how many were new."""
    count = 0
    for signed in days:
        made = heads_file(signed)
        path = folder / made.name
        if not path.exists():
            (folder / f"{made.name}.sig").write_bytes(made.signature)
            path.write_bytes(made.content)
            count += 1
    return count


def _content(day: date) -> tuple[bytes, int]:
    """The file's bytes, and its rows."""
    (rows,) = run((HEADS, [day]))
    lines = [f"{day:%Y-%m-%d},{wallet_id},{number},{digest}\r\n" for wallet_id, number, digest in rows]
    return (HEADER + "".join(lines)).encode(), len(lines)
