"""The journal: every movement of money in its order, to be compared with the ledger."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass

from tests.fakes.stripe.store import Store


@dataclass(frozen=True)
class Movement:
    """One movement; minus is away from us. `kind`: payment, refund, refund_failure, dispute, reinstatement."""

    kind: str
    object: str
    payment_intent: str | None
    customer: str | None
    amount: int
    currency: str
    livemode: bool
    metadata: dict[str, str]
    at: float


def journal(store: Store) -> list[Movement]:
    """All movements, oldest first; `metadata` is that of the charge, refund or dispute at that moment."""
    with store.lock:
        rows = store.rows.execute("SELECT * FROM journal ORDER BY seq").fetchall()
    return [
        Movement(
            row["kind"],
            row["object"],
            row["payment_intent"],
            row["customer"],
            row["amount"],
            row["currency"],
            bool(row["livemode"]),
            json.loads(row["metadata"]),
            row["at"],
        )
        for row in rows
    ]


def totals(store: Store) -> dict[tuple[str | None, str], int]:
    """What each customer has paid after refunds and disputes, in minor units, by customer and currency."""
    sums: dict[tuple[str | None, str], int] = defaultdict(int)
    for movement in journal(store):
        sums[movement.customer, movement.currency] += movement.amount
    return dict(sums)
