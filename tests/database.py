"""The PostgreSQL that a test run gets: one server for all workers, one migrated template, a copy of it per worker.

The controller starts the server before workers exist and hands it over by environment (DATA_DIR, DATABASE_URL). A
DATABASE_URL set by the caller is used instead; the databases made there carry the run's name and are dropped again.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

# Nothing of a test run must survive a power failure.
TUNING = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
    "jit": "off",
}
RUN = "BILLING_TEST_RUN"


def is_worker() -> bool:
    """Whether this process is one of xdist's workers."""
    return "PYTEST_XDIST_WORKER" in os.environ


def start() -> None:
    """In the controller: a folder for the run and, unless DATABASE_URL names one, a server in it."""
    folder = Path(tempfile.mkdtemp(prefix="tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # runs after the server's own, which stops it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that both run
    os.environ["DATA_DIR"] = str(folder)
    os.environ[RUN] = str(os.getpid())
    os.environ["CELERY_BROKER_URL"] = "filesystem://"
    if not os.environ.get("DATABASE_URL"):
        from config.embedded import start_server

        os.environ["DATABASE_URL"] = str(start_server(folder, TUNING).get_uri("postgres"))


@contextmanager
def own_database() -> Iterator[None]:
    """Point Django at a database of this process's own, copied from the run's migrated template."""
    from django.db import connection
    from django.db.backends.postgresql.operations import DatabaseOperations

    DatabaseOperations.sql_flush = _empty_every_table  # type: ignore[assignment, method-assign]
    server = dict(connection.settings_dict)
    template = f"test_{os.environ[RUN]}_template"
    name = f"test_{os.environ[RUN]}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with _admin() as admin:
        admin.execute("SELECT pg_advisory_lock(hashtext(%s))", [template])
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone() is None:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(template)))
            _migrate(template)
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*map(sql.Identifier, (name, template))))
        admin.execute("SELECT pg_advisory_unlock(hashtext(%s))", [template])
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = server["NAME"]
        _drop(name)


def drop_template() -> None:
    """In the controller, at the end: what `own_database` copied from."""
    _drop(f"test_{os.environ[RUN]}_template")


def _drop(name: str) -> None:
    with _admin() as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _admin() -> psycopg.Connection[Any]:
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def _migrate(name: str) -> None:
    from django.core.management import call_command
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = name
    call_command("migrate", verbosity=0, interactive=False)
    connection.close()


def _empty_every_table(operations: object, style: object, tables: list[str], **_: bool) -> list[str]:
    """What a flush runs instead of TRUNCATE, which the ledger refuses: triggers and foreign keys look away.

    Content types and permissions stay: they are the same for every test and cost a flush most of its time.
    """
    kept = ("django_content_type", "auth_permission", "django_migrations")
    return [
        "SET LOCAL session_replication_role = replica",
        *[f'DELETE FROM "{table}"' for table in tables if table not in kept],
    ]
