"""Where the stand-in keeps orders, refunds, notices and its journal: SQLite, in memory or in a file."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

NEW, CANCELLED, RETURNED, PAID = 5, 10, 60, 100
SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refunds (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notices (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL, copies INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, answer TEXT NOT NULL DEFAULT '', due REAL NOT NULL,
    done INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL,
    amount TEXT NOT NULL, top_up TEXT NOT NULL, is_test INTEGER NOT NULL);
"""


@dataclass
class Order:
    """What a payer was sent to pay. `out_sum` is as it was written, in roubles."""

    number: int
    token: str
    out_sum: str
    shp: dict[str, str]
    description: str
    is_test: bool
    created: float
    changed: float
    email: str = ""
    culture: str = "ru"
    expires: float | None = None
    state: int = NEW
    operation: str = ""
    method: str = ""
    refunded: str = "0"

    @property
    def amount(self) -> Decimal:
        """Roubles."""
        return Decimal(self.out_sum)


@dataclass
class Refund:
    """Money on its way back. `label` is processing, finished or canceled."""

    id: str
    number: int
    amount: str
    label: str = "processing"
    message: str | None = None


@dataclass(frozen=True)
class Movement:
    """One movement of money in roubles; minus is away from us. `kind`: payment, refund, refund_failure."""

    kind: str
    number: int
    amount: Decimal
    top_up: str
    is_test: bool
    at: float = field(compare=False)


class Store:
    """The rows, one connection, one lock, which every method takes."""

    def __init__(self, path: str | Path = ":memory:") -> None:
        self.lock = threading.RLock()
        self.rows = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None)
        self.rows.row_factory = sqlite3.Row
        self.rows.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA)

    def close(self) -> None:
        """Let the file go."""
        with self.lock:
            self.rows.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing. Not to be nested."""
        with self.lock:
            self.rows.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.rows.execute("ROLLBACK")
                raise
            self.rows.execute("COMMIT")

    def _bodies(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with self.lock:
            return [json.loads(row["body"]) for row in self.rows.execute(statement, values)]

    def order(self, number: int) -> Order | None:
        """One order."""
        found = self._bodies("SELECT body FROM orders WHERE number = ?", number)
        return Order(**found[0]) if found else None

    def order_of(self, token: str) -> Order | None:
        """The order whose page this is."""
        found = self._bodies("SELECT body FROM orders WHERE token = ?", token)
        return Order(**found[0]) if found else None

    def orders(self) -> list[Order]:
        """All orders, by number."""
        return [Order(**body) for body in self._bodies("SELECT body FROM orders ORDER BY number")]

    def keep_order(self, order: Order) -> None:
        """Insert or update."""
        self.rows.execute(
            "INSERT INTO orders (number, token, body) VALUES (?, ?, ?)"
            " ON CONFLICT (number) DO UPDATE SET token = excluded.token, body = excluded.body",
            (order.number, order.token, json.dumps(asdict(order))),
        )

    def forget_order(self, number: int) -> None:
        """As if nobody had opened its page."""
        self.rows.execute("DELETE FROM orders WHERE number = ?", (number,))

    def refund(self, id: str) -> Refund | None:
        """One refund."""
        found = self._bodies("SELECT body FROM refunds WHERE id = ?", id)
        return Refund(**found[0]) if found else None

    def refunds(self) -> list[Refund]:
        """All refunds, oldest first."""
        return [Refund(**body) for body in self._bodies("SELECT body FROM refunds ORDER BY seq")]

    def keep_refund(self, refund: Refund) -> None:
        """Insert or update."""
        self.rows.execute(
            "INSERT INTO refunds (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (refund.id, json.dumps(asdict(refund))),
        )

    def book(self, kind: str, order: Order, amount: Decimal, at: float) -> None:
        """Write a movement of money into the journal."""
        top_up = order.shp.get("Shp_top_up", "")
        self.rows.execute(
            "INSERT INTO journal (at, kind, number, amount, top_up, is_test) VALUES (?, ?, ?, ?, ?, ?)",
            (at, kind, order.number, str(amount), top_up, order.is_test),
        )

    def journal(self) -> list[Movement]:
        """Every movement, oldest first."""
        with self.lock:
            rows = self.rows.execute("SELECT * FROM journal ORDER BY seq").fetchall()
        return [
            Movement(row["kind"], row["number"], Decimal(row["amount"]), row["top_up"], bool(row["is_test"]), row["at"])
            for row in rows
        ]
