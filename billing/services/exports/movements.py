"""movements.csv: the opening balance, every movement of the wallet, the closing balance.

Amounts stand in unsigned columns: `debit` and `credit`, `balance` and `owed` (what the balance is below zero). The last
columns, with the wallet's id from the manifest, are all that a movement's hash is taken of, so that whoever has the
file can compute the chain anew (`billing.services.chain.payload`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from billing.services.exports.cells import escaped
from billing.services.exports.parts import EventRef, Row, Scope, Table, usage_parts
from organizations.database import run, stream
from organizations.models import Project

NAME = "movements.csv"
OPENING, MOVEMENT, CLOSING = "opening", "movement", "closing"
HEADER = (
    *("entry", "number", "at", "kind", "description", "reason", "project", "source", "event_id", "call_id"),
    *("document", "debit", "credit", "balance", "owed", "currency"),
    *("day", "key", "project_id", "actor_id", "transfers", "hash"),
)
ZERO = Decimal(0)
NOBODY = EventRef("", "", "")

# A transfer's source, target, amount and grant, as `chain.payload` writes them.
MOVEMENTS = """
SELECT x.number, x.created_at, x.kind, x.description, x.reason, x.key, x.project_id, x.actor_id, x.day, x.amount,
       x.balance_after, x.hash,
       (SELECT string_agg(format('%%s>%%s:%%s:%%s', t.source_id, t.target_id, t.amount, coalesce(t.grant_id::text, '')),
                          ';' ORDER BY t.id) FROM billing_transfer t WHERE t.transaction_id = x.id)
  FROM billing_transaction x
 WHERE x.wallet_id = %s::bigint AND x.number BETWEEN %s::bigint AND %s::bigint ORDER BY x.number
"""
# What a document says of single movements: the payment that it receipts or that settles it, the tax that it bills, and
# those of its own key, as documents are called what the ledger calls their cause.
DOCUMENTS = """
SELECT n.number, d.id, d.label FROM billing_document d
 CROSS JOIN LATERAL (
   SELECT p.transaction_number AS number FROM billing_payment p
    WHERE (p.id = d.payment_id AND d.key = 'receipt:' || p.id) OR (p.period_id = d.period_id AND d.kind = 'invoice')
   UNION
   SELECT x.number FROM billing_transaction x WHERE x.wallet_id = d.wallet_id AND x.key = ANY(ARRAY[
          d.key, d.key || ':tax', CASE d.kind WHEN 'invoice' THEN 'tax:' ELSE 'tax_back:' END || d.period_id])
   UNION
   SELECT x.number FROM billing_transaction x
    WHERE d.dispute_id IS NOT NULL AND x.wallet_id = d.wallet_id AND x.key LIKE d.key || ':%') n
 WHERE d.wallet_id = %s::bigint AND n.number BETWEEN %s::bigint AND %s::bigint ORDER BY n.number, d.id
"""


@dataclass(slots=True)
class Sums:
    """What went through the file, for the manifest."""

    rows: int = 0
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    kinds: dict[str, tuple[int, Decimal]] = field(default_factory=dict)
    first: tuple[int, str] | None = None
    last: tuple[int, str] | None = None
    closing: Decimal = ZERO

    def add(self, *, number: int, kind: str, amount: Decimal, digest: str) -> None:
        """Count one movement."""
        count, sum_of_kind = self.kinds.get(kind, (0, ZERO))
        self.kinds[kind] = count + 1, sum_of_kind + amount
        self.rows += 1
        self.closing += amount
        if amount < 0:
            self.debit -= amount
        else:
            self.credit += amount
        self.last = number, digest
        self.first = self.first or self.last


def movements(scope: Scope, sums: Sums) -> Table:
    """The file; `sums` is complete when the last batch was taken."""
    return Table(NAME, HEADER, _batches(scope, sums))


def documents_of_movements(scope: Scope) -> list[tuple[int, int, str]]:
    """What names single movements of the scope: the movement's number, and the document's id and label."""
    (rows,) = run((DOCUMENTS, [scope.wallet_id, scope.first_number, scope.last_number]))
    return rows


def _batches(scope: Scope, sums: Sums) -> Iterator[list[Row]]:
    sums.closing = scope.opening
    yield [_balance(scope, OPENING, str(scope.first_number - 1), scope.opening, scope.opening_hash.hex())]
    projects = dict(Project.objects.filter(account_id=scope.account_id).values_list("id", "external_id"))
    documents: dict[int, list[str]] = {}
    for number, _document_id, label in documents_of_movements(scope):
        documents.setdefault(number, []).append(label)
    for batch in stream(MOVEMENTS, [scope.wallet_id, scope.first_number, scope.last_number]):
        events = _events_of([row[5] for row in batch])
        yield [_movement(scope, sums, row, projects, documents, events) for row in batch]
    number, digest = sums.last or (scope.first_number - 1, scope.opening_hash.hex())
    yield [_balance(scope, CLOSING, str(number), sums.closing, digest)]


def _events_of(keys: Sequence[str]) -> Mapping[str, EventRef]:
    found: dict[str, EventRef] = {}
    for parts in usage_parts():
        found |= parts.events_of(keys)
    return found


def _movement(
    scope: Scope,
    sums: Sums,
    row: tuple[Any, ...],
    projects: Mapping[int, str],
    documents: Mapping[int, Iterable[str]],
    events: Mapping[str, EventRef],
) -> Row:
    number, at, kind, description, reason, key, project_id, actor_id, day, amount, balance, digest, transfers = row
    hexed = bytes(digest).hex()
    sums.add(number=number, kind=kind, amount=amount, digest=hexed)
    event = events.get(key, NOBODY)
    return (
        *(MOVEMENT, str(number), scope.here(at), kind, escaped(description), escaped(reason)),
        *(escaped(projects.get(project_id, "")), escaped(event.source), escaped(event.event_id)),
        *(escaped(event.call_id), escaped(" ".join(documents.get(number, ())))),
        *(*_two_columns(-amount), *_two_columns(balance), scope.currency, day.isoformat(), escaped(key)),
        *("" if each is None else str(each) for each in (project_id, actor_id)),
        *(transfers or "", hexed),
    )


def _balance(scope: Scope, entry: str, number: str, balance: Decimal, digest: str) -> Row:
    """The row of a balance: at the edge of the scope, with the number and the hash of the movement before it."""
    at = scope.here(scope.starts_at if entry == OPENING else scope.ends_at)
    return (
        *(entry, number, at, *[""] * 8, *_two_columns(ZERO), *_two_columns(balance)),
        *(scope.currency, *[""] * 5, digest),
    )


def _two_columns(amount: Decimal) -> tuple[str, str]:
    """The amount in the first column, or without its sign in the second."""
    return (f"{amount:.6f}", f"{ZERO:.6f}") if amount >= 0 else (f"{ZERO:.6f}", f"{-amount:.6f}")
