"""Where the time of a charge goes: statement by statement at the database, and function by function in Python.

For the statements the pipeline is taken apart, so that each is timed alone; their sum is more than a request waits.
"""

from __future__ import annotations

import cProfile
import pstats
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import Any

ROWS = 25


class StatementTimes:
    """Milliseconds per statement, each known by its verb and table."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = {}

    def run(self, *statements: tuple[str, Sequence[Any]]) -> list[list[tuple[Any, ...]]]:
        """What `organizations.database.run` does, one statement at a time."""
        from organizations import database

        found = []
        for statement in statements:
            started = time.perf_counter()
            found += self._run(database, statement)
            self.spent.setdefault(name_of(statement[0]), []).append((time.perf_counter() - started) * 1000)
        return found

    def _run(self, database: Any, statement: tuple[str, Sequence[Any]]) -> list[list[tuple[Any, ...]]]:
        rows: list[list[tuple[Any, ...]]] = self.original(statement)
        return rows

    original: Callable[..., Any]

    def table(self, requests: int) -> list[tuple[str, int, float]]:
        """(statement, calls, milliseconds per request), the dearest first."""
        rows = [(name, len(spent), sum(spent) / requests) for name, spent in self.spent.items()]
        return sorted(rows, key=lambda row: -row[2])


@contextmanager
def statement_times() -> Iterator[StatementTimes]:
    """Time every statement that goes through `organizations.database.run` meanwhile."""
    from organizations import database

    times = StatementTimes()
    original = database.run
    times.original = original
    users = [module for module in list(sys.modules.values()) if getattr(module, "run", None) is original]
    for module in users:
        module.run = times.run  # type: ignore[attr-defined]
    try:
        yield times
    finally:
        for module in users:
            module.run = original  # type: ignore[attr-defined]


def functions(work: Callable[[], object]) -> str:
    """The functions in which `work` spends its own time, dearest first."""
    profile = cProfile.Profile()
    profile.runcall(work)
    out = StringIO()
    pstats.Stats(profile, stream=out).sort_stats("tottime").print_stats(ROWS)
    return out.getvalue()


def name_of(sql: str) -> str:
    """Verb and table: enough to know a statement by."""
    flat = " ".join(sql.split())
    table = re.search(r"(?:INTO|UPDATE|FROM|nextval\(')\s*'?([a-z_]+)", flat)
    where = re.search(r"(status|call_id|FOR NO KEY UPDATE|unnest)", flat)
    return f"{flat.split()[0]} {table[1] if table else flat[:40]} {where[1] if where else ''}".strip()
