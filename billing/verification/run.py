"""Runs the invariants over one snapshot of the database, so that a run is exact while calls are being charged.

The snapshot is read-only and locks nothing. Inside somebody else's transaction (a test's) that one's view is used.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from billing.models import LedgerVerification
from billing.verification.invariant import Invariant
from billing.verification.registry import named
from organizations.database import snapshot

ROWS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Result:
    """What one invariant's query returned: its first offending rows, none while the rule holds."""

    invariant: Invariant
    rows: list[dict[str, str]]
    has_more: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that is broken, with its first offending rows."""

    name: str
    rule: str
    rows: list[dict[str, str]]
    has_more: bool


def results(names: Iterable[str] | None = None) -> Iterator[Result]:
    """Check the invariants with these names (all by default), one after the other, on one snapshot.

    Raises UnknownInvariantError before anything is checked.
    """
    chosen = named(names)
    with snapshot():
        for invariant in chosen:
            yield _check(invariant)


def finding(result: Result) -> Finding:
    """The finding that a result with rows is."""
    return Finding(result.invariant.name, result.invariant.rule, result.rows, result.has_more)


def verify(names: Iterable[str] | None = None) -> list[Finding]:
    """The rules that are broken, of those with these names (all by default). Raises UnknownInvariantError."""
    return [finding(result) for result in results(names) if result.rows]


def verify_and_record() -> LedgerVerification:
    """Check everything and keep the result for staff."""
    recording = Recording()
    for result in recording.watch(results()):
        del result  # only its finding is kept
    return recording.save()


class Recording:
    """Collects the findings of a run over all invariants and keeps them as a `LedgerVerification`."""

    def __init__(self) -> None:
        self.started_at = timezone.now()
        self.transactions = 0
        self.findings: list[Finding] = []

    def watch(self, run: Iterable[Result]) -> Iterator[Result]:
        """Pass the results on as they come, and remember what is broken."""
        for result in run:
            if not self.transactions:
                self.transactions = _count_transactions()  # on the run's snapshot, which is open here
            if result.rows:
                self.findings.append(finding(result))
            yield result

    def save(self) -> LedgerVerification:
        """Write the result down."""
        return LedgerVerification.objects.create(
            started_at=self.started_at,
            finished_at=timezone.now(),
            transactions=self.transactions,
            is_sound=not self.findings,
            findings={
                found.name: {"description": found.rule, "rows": found.rows, "has_more": found.has_more}
                for found in self.findings
            },
        )


def _check(invariant: Invariant) -> Result:
    start = time.perf_counter()
    # Materialized, or the planner believes that the limit is soon reached and nests loops over the whole ledger.
    query = f"WITH offending AS MATERIALIZED ({invariant.sql}) SELECT * FROM offending LIMIT {ROWS_SHOWN + 1}"
    with connection.cursor() as cursor:
        cursor.execute(query)
        columns = [column.name for column in cursor.description]
        rows = [
            {name: "" if value is None else str(value) for name, value in zip(columns, row, strict=True)}
            for row in cursor.fetchall()
        ]
    return Result(invariant, rows[:ROWS_SHOWN], len(rows) > ROWS_SHOWN, time.perf_counter() - start)


def _count_transactions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM billing_transaction")
        return int(cursor.fetchone()[0])
