"""Each wallet's transactions form a SHA-256 chain over themselves and their transfers.

`payload` is the one text form of a transaction; `billing.verification` builds the same text in SQL. Free texts carry
their length, so that no text can imitate the fields around it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

GENESIS = bytes(32)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

TransferPart = tuple[int, int, Decimal, int | None]


def payload(
    *,
    wallet_id: int,
    number: int,
    kind: str,
    key: str,
    currency: str,
    amount: Decimal,
    balance_after: Decimal,
    project_id: int | None,
    description: str,
    reason: str,
    actor_id: int | None,
    day: date,
    created_at: datetime,
    transfers: Iterable[TransferPart],
) -> bytes:
    """The bytes that a transaction's hash is taken of. A transfer is (source id, target id, amount, grant id)."""
    head = (
        f"{wallet_id}|{number}|{kind}|{len(key)}:{key}|{currency}|{amount:.6f}|{balance_after:.6f}|"
        f"{'' if project_id is None else project_id}|{len(description)}:{description}|{len(reason)}:{reason}|"
        f"{'' if actor_id is None else actor_id}|{day.isoformat()}|{(created_at - _EPOCH) // _MICROSECOND}"
    )
    tail = "".join(
        f";{source}>{target}:{part:.6f}:{'' if grant is None else grant}" for source, target, part, grant in transfers
    )
    return (head + tail).encode()


def link(previous: bytes, content: bytes) -> bytes:
    """The hash of a transaction that follows `previous` (32 bytes; `GENESIS` for the first)."""
    return hashlib.sha256(previous + content).digest()
