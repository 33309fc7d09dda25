"""The tests' database: one embedded PostgreSQL per run, one database per worker. A plugin, loaded before Django.

The controller starts the server in a temporary folder before pytest-xdist starts its workers, migrates one template
database and hands the address over by environment; each worker copies the template. Nothing outlives the run.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TEMPLATE = "test_template"


def _start_server() -> None:
    """Start this run's PostgreSQL (unless DATABASE_URL names another) and say where it is."""
    folder = Path(tempfile.mkdtemp(prefix="billing-tests-"))
    folder.chmod(0o755)
    os.environ["DATA_DIR"] = str(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if os.environ.get("DATABASE_URL"):
        return
    from config import embedded

    embedded.TUNING.update(fsync="off", synchronous_commit="off", full_page_writes="off", max_connections="300")
    os.environ["DATABASE_URL"] = embedded.database_url()


if "PYTEST_XDIST_WORKER" not in os.environ and "billing-tests-" not in os.environ.get("DATA_DIR", ""):
    _start_server()


def pytest_configure() -> None:
    """Ledger rows refuse TRUNCATE; the flush between transactional tests of a throw-away database may."""
    from django.db.backends.postgresql.operations import DatabaseOperations

    original = DatabaseOperations.execute_sql_flush

    def flush(self: DatabaseOperations, sql_list: list[str]) -> None:
        original(self, ["SET session_replication_role = replica", *sql_list, "SET session_replication_role = origin"])

    DatabaseOperations.execute_sql_flush = flush  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def django_db_modify_db_settings_parallel_suffix() -> None:
    """Each worker's database has its own name; see `django_db_setup`."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """This worker's database, copied from the migrated template, which whoever comes first makes."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"test_{worker}"
    with django_db_blocker.unblock():
        base = settings.DATABASES["default"]["NAME"]
        with _maintenance() as admin:
            admin.execute("SELECT pg_advisory_lock(815)")
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
                admin.execute(f"CREATE DATABASE {TEMPLATE}")
                _use(TEMPLATE)
                call_command("migrate", verbosity=0)
                connection.close()
            admin.execute(f"DROP DATABASE IF EXISTS {name}")
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
            admin.execute("SELECT pg_advisory_unlock(815)")
        _use(name)
        yield
        connection.close()
        _use(base)


def _maintenance() -> Any:
    """A connection to the server's maintenance database."""
    import psycopg
    from django.conf import settings
    from django.db import connection

    options = {**connection.get_connection_params(), "dbname": "postgres"}
    options.pop("cursor_factory", None)
    options.pop("context", None)
    assert settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    return psycopg.connect(**options, autocommit=True)


def _use(name: str) -> None:
    """Point Django's connection at another database of the server."""
    from django.conf import settings
    from django.db import connection

    connection.close()
    settings.DATABASES["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name
