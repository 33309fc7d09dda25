"""Where the stand-in keeps people, messages, updates and the webhook: SQLite, in memory or in a file."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS people (chat_id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, chat_id INTEGER NOT NULL, is_ours INTEGER NOT NULL, at REAL NOT NULL,
    body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS updates (
    id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', done INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS webhook (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
"""


@dataclass
class Person:
    """Somebody with a private chat, whose number is also their own."""

    chat_id: int
    first_name: str
    username: str = ""
    language: str = "en"
    has_started: bool = False
    has_blocked: bool = False
    is_deleted: bool = False


@dataclass(frozen=True)
class Said:
    """One message in a chat; `body` is everything that `sendMessage` was given, or `text` alone."""

    id: int
    chat_id: int
    is_bots: bool
    at: float
    body: dict[str, Any]

    @property
    def text(self) -> str:
        """What it says."""
        return str(self.body["text"])


@dataclass
class Webhook:
    """Where updates go, as `setWebhook` was told."""

    url: str = ""
    secret: str = ""
    allowed: list[str] = field(default_factory=list)
    last_error: str = ""
    last_error_at: int = 0


@dataclass(frozen=True)
class Waiting:
    """An update that was not taken yet."""

    id: int
    body: dict[str, Any]
    attempts: int
    due: float
    error: str


class Store:
    """The rows, one connection, one lock, which every method takes."""

    def __init__(self, path: str | Path = ":memory:") -> None:
        self._lock = threading.RLock()
        self._rows = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None)
        self._rows.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA)

    def _run(self, statement: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._rows.execute(statement, values).fetchall()

    def keep_person(self, person: Person) -> None:
        """Insert or update."""
        statement = "INSERT INTO people VALUES (?, ?) ON CONFLICT (chat_id) DO UPDATE SET body = excluded.body"
        self._run(statement, person.chat_id, json.dumps(asdict(person)))

    def person(self, chat_id: int) -> Person | None:
        """Whose chat this is."""
        found = self._run("SELECT body FROM people WHERE chat_id = ?", chat_id)
        return Person(**json.loads(found[0][0])) if found else None

    def people(self) -> list[Person]:
        """Everybody."""
        return [Person(**json.loads(body)) for (body,) in self._run("SELECT body FROM people ORDER BY rowid")]

    def say(self, chat_id: int, at: float, body: dict[str, Any], *, is_bots: bool) -> Said:
        """Put a message into a chat."""
        statement = "INSERT INTO messages (chat_id, is_ours, at, body) VALUES (?, ?, ?, ?) RETURNING id"
        (row,) = self._run(statement, chat_id, is_bots, at, json.dumps(body))
        return Said(row[0], chat_id, is_bots, at, body)

    def messages(self, chat_id: int) -> list[Said]:
        """What was said in a chat, oldest first."""
        statement = "SELECT id, chat_id, is_ours, at, body FROM messages WHERE chat_id = ? ORDER BY id"
        return [Said(i, c, bool(ours), at, json.loads(body)) for i, c, ours, at, body in self._run(statement, chat_id)]

    def add_update(self, body: dict[str, Any]) -> int:
        """Write an update down; returns its number, which the body carries, too."""
        with self._lock:
            ((number,),) = self._run("INSERT INTO updates (body) VALUES ('') RETURNING id")
            self._run("UPDATE updates SET body = ? WHERE id = ?", json.dumps({"update_id": number, **body}), number)
        return int(number)

    def waiting(self) -> list[Waiting]:
        """What the bot has not taken yet, oldest first."""
        statement = "SELECT id, body, attempts, due, error FROM updates WHERE NOT done ORDER BY id"
        return [Waiting(i, json.loads(body), tries, due, error) for i, body, tries, due, error in self._run(statement)]

    def update(self, number: int) -> dict[str, Any]:
        """One update, taken or not. Raises KeyError."""
        found = self._run("SELECT body FROM updates WHERE id = ?", number)
        if not found:
            raise KeyError(number)
        body: dict[str, Any] = json.loads(found[0][0])
        return body

    def tried(self, number: int, *, error: str, due: float) -> None:
        """An update was sent; without an error, it was taken."""
        statement = "UPDATE updates SET attempts = attempts + 1, error = ?, due = ?, done = ? WHERE id = ?"
        self._run(statement, error, due, not error, number)

    def webhook(self) -> Webhook:
        """Where updates go."""
        found = self._run("SELECT body FROM webhook")
        return Webhook(**json.loads(found[0][0])) if found else Webhook()

    def keep_webhook(self, webhook: Webhook) -> None:
        """Insert or update."""
        statement = "INSERT INTO webhook VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body"
        self._run(statement, json.dumps(asdict(webhook)))
