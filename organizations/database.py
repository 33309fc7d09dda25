"""The few lines through which set-based SQL reaches PostgreSQL.

Statements are prepared on the server and several that do not wait for each other's rows travel together (pipeline),
so that a request pays for the round trips it needs and no more. Everything runs on Django's own connection, inside
its transaction when there is one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

import psycopg
from django.db import connection, transaction
from django.db.utils import InterfaceError

from organizations.history import attribution

Params = Sequence[Any] | Mapping[str, Any]
Statement = tuple[str, Sequence[Any]]


def raw_connection() -> psycopg.Connection[tuple[Any, ...]]:
    """Django's connection to PostgreSQL, opened if need be."""
    connection.ensure_connection()
    raw = connection.connection
    if raw is None:
        raise InterfaceError("The connection to the database is closed.")
    return raw


def run(*statements: Statement) -> list[list[tuple[Any, ...]]]:
    """Run the statements in order and return each one's rows (none for a statement without a result).

    Several statements share one round trip. Errors are Django's (`IntegrityError`, `OperationalError`, …).
    """
    said = attribution.statement()
    if said is not None and not all(map(_only_reads, statements)):
        return _send(said, *statements)[1:]
    return _send(*statements)


def _send(*statements: Statement) -> list[list[tuple[Any, ...]]]:
    """`run` without telling the history who is at work."""
    with connection.wrap_database_errors:
        raw = raw_connection()
        if len(statements) == 1:
            cursors = [_execute(raw, *statements[0])]
        else:
            with raw.pipeline():
                cursors = [_execute(raw, *statement) for statement in statements]
        return [cursor.fetchall() if _has_rows(cursor) else [] for cursor in cursors]


@contextmanager
def snapshot() -> Generator[None]:
    """All that is read inside is of one moment, as long as it takes; it locks nothing and writes nothing.

    Inside somebody else's transaction (a test's) that one's view is used.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute("SET LOCAL statement_timeout = 0")
        yield


def stream(sql: str, params: Sequence[Any], *, size: int = 2000) -> Iterator[list[tuple[Any, ...]]]:
    """The statement's rows, `size` at a time, out of a cursor on the server: inside a transaction only."""
    with connection.wrap_database_errors, raw_connection().cursor(name=f"rows_{next(_cursors)}") as cursor:
        cursor.execute(sql, params)
        while batch := cursor.fetchmany(size):
            yield batch


_cursors = itertools.count(1)


def _execute(raw: psycopg.Connection[tuple[Any, ...]], sql: str, params: Params) -> psycopg.Cursor[tuple[Any, ...]]:
    """Send one prepared statement. psycopg would look for the placeholders of a long one anew each time it is run."""
    if isinstance(params, Mapping):
        return psycopg.Cursor(raw).execute(sql, params, prepare=True)
    return psycopg.RawCursor(raw).execute(_numbered(sql), params, prepare=True)


@lru_cache(maxsize=1024)
def _numbered(sql: str) -> str:
    """The statement with PostgreSQL's own placeholders, $1 and on, in place of each %s."""
    first, *others = sql.split("%s")
    return first + "".join(f"${number}{part}" for number, part in enumerate(others, start=1))


def merged(*statements: Statement, counting: bool = False) -> Statement:
    """One statement that writes what all of them write; with `counting`, its row says how many the first returned.

    None sees what another writes. PostgreSQL plans and runs them as one, which costs a fraction of one after the
    other where each writes a single row.
    """
    parts = [f"s{index} AS ({sql})" for index, (sql, _) in enumerate(statements)]
    params = [value for _, values in statements for value in values]
    return f"WITH {', '.join(parts)} SELECT {'count(*) FROM s0' if counting else '1'}", params


def _only_reads(statement: Statement) -> bool:
    return statement[0].lstrip()[:6].upper() == "SELECT"


def _has_rows(cursor: psycopg.Cursor[tuple[Any, ...]]) -> bool:
    return cursor.pgresult is not None and cursor.pgresult.nfields > 0


def rows(*columns: tuple[str, Sequence[Any]]) -> Statement:
    """Rows given column by column, each as (type, values), to stand behind FROM; give them an alias.

    One row is a plain SELECT: PostgreSQL reads that four times quicker than arrays of one. Values travel as text,
    so that a statement is prepared once and not once for every width of integer.
    """
    if len(columns[0][1]) == 1:
        sql = ", ".join([f"%s::{kind}" for kind, _ in columns])
        return f"(SELECT {sql})", [_literal(values[0]) for _, values in columns]
    sql = ", ".join([f"%s::{kind}[]" for kind, _ in columns])
    return f"unnest({sql})", [_QUOTED.get(kind, array)(values) for kind, values in columns]


def array(values: Iterable[object]) -> str:
    """A PostgreSQL array literal of numbers, dates, booleans, plain words or None (free text: see `text_array`).

    Written as text because psycopg adapts a list element by element, which costs more than the whole insert.
    """
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def text_array(values: Iterable[str | None]) -> str:
    """A PostgreSQL array literal of texts (JSON documents among them)."""
    return (
        "{"
        + ",".join(
            [
                "NULL" if value is None else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
                for value in values
            ]
        )
        + "}"
    )


def time_array(values: Iterable[datetime | None]) -> str:
    """A PostgreSQL array literal of moments."""
    return "{" + ",".join(["NULL" if value is None else f'"{value.isoformat()}"' for value in values]) + "}"


def bytes_array(values: Iterable[bytes]) -> str:
    """A PostgreSQL array literal of byte strings."""
    return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in values]) + "}"


def _literal(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return "\\x" + value.hex() if isinstance(value, bytes) else str(value)


_QUOTED: dict[str, Callable[[Iterable[Any]], str]] = {
    "text": text_array,
    "timestamptz": time_array,
    "bytea": bytes_array,
}
