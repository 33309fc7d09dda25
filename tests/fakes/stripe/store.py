"""Where the stand-in keeps what happened: Stripe's objects as JSON in SQLite, in memory or in a file that outlives it.

Every method is called while `Store.lock` is held. `transaction` commits what a request wrote, all or nothing. Keys of
an object that begin with "_" are the stand-in's own (a card's number, a page's state): `public` leaves them out.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import string
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Object = dict[str, Any]

ALPHABET = string.ascii_letters + string.digits
SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, livemode INTEGER NOT NULL,
    body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, livemode, seq);
CREATE TABLE IF NOT EXISTS keys (
    livemode INTEGER NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
    body TEXT NOT NULL, request TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (livemode, key));
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL, copies INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, status INTEGER, due REAL NOT NULL, done INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, object TEXT NOT NULL,
    payment_intent TEXT, customer TEXT, amount INTEGER NOT NULL, currency TEXT NOT NULL, livemode INTEGER NOT NULL,
    metadata TEXT NOT NULL);
"""


WITHOUT_MODE = ("refund", "balance_transaction")  # Stripe's own do not say whether they are live


def public(value: Object) -> Object:
    """An object as callers see it."""
    told = {key: each for key, each in value.items() if not key.startswith("_")}
    if told.get("object") in WITHOUT_MODE:
        told.pop("livemode", None)
    return told


def new_id(prefix: str, length: int = 24) -> str:
    """An identifier like Stripe's own."""
    return f"{prefix}_{''.join(secrets.choice(ALPHABET) for _ in range(length))}"


class Store:
    """The rows, one connection, one lock."""

    def __init__(self, path: str | Path = ":memory:") -> None:
        self.lock = threading.RLock()
        self.rows = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None)
        self.rows.row_factory = sqlite3.Row
        self.rows.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA)
        self._depth = 0

    def close(self) -> None:
        """Let the file go."""
        with self.lock:
            self.rows.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Take the lock and write all or nothing. May be nested: the outermost one commits."""
        with self.lock:
            self._depth += 1
            if self._depth == 1:
                self.rows.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._depth == 1:
                    self.rows.execute("ROLLBACK")
                raise
            else:
                if self._depth == 1:
                    self.rows.execute("COMMIT")
            finally:
                self._depth -= 1

    def add(self, value: Object) -> Object:
        """Keep a new object, under its `object` kind."""
        self.rows.execute(
            "INSERT INTO objects (id, kind, livemode, body) VALUES (?, ?, ?, ?)",
            (value["id"], value["object"], bool(value.get("livemode")), json.dumps(value)),
        )
        return value

    def save(self, value: Object) -> Object:
        """Keep an object that changed."""
        self.rows.execute("UPDATE objects SET body = ? WHERE id = ?", (json.dumps(value), value["id"]))
        return value

    def get(self, id: str, kind: str | None = None) -> Object | None:
        """The object, or None; of this kind, if one is given."""
        row = self.rows.execute("SELECT body, kind FROM objects WHERE id = ?", (id,)).fetchone()
        return json.loads(row["body"]) if row and kind in (None, row["kind"]) else None

    def find(self, kind: str, *, livemode: bool, newest_first: bool = True, **fields: Any) -> list[Object]:
        """The objects of a kind whose fields have these values; `data__id` looks one level down."""
        where, values = ["kind = ?", "livemode = ?"], [kind, livemode]
        for name, value in fields.items():
            where.append(f"json_extract(body, '$.{name.replace('__', '.')}') = ?")
            values.append(value)
        order = "DESC" if newest_first else "ASC"
        statement = f"SELECT body FROM objects WHERE {' AND '.join(where)} ORDER BY seq {order}"
        return [json.loads(row["body"]) for row in self.rows.execute(statement, values)]

    def remove(self, id: str) -> None:
        """Forget an object, as its DELETE does."""
        self.rows.execute("DELETE FROM objects WHERE id = ?", (id,))
