"""The embedded PostgreSQL starts after crashes, in long paths, and says in one line what keeps it from starting."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from config.settings import BASE_DIR

# A process of its own, as the library keeps one server per process; it prints an answer of the database.
ASK = """
import psycopg
from config.embedded import database_url
print(psycopg.connect(database_url()).execute("{}").fetchone()[0])
"""
HOLD = "from config.embedded import database_url; database_url(); print('up', flush=True); input()"


def ask(folder: Path, query: str = "SELECT 1") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder)}
    command = [sys.executable, "-W", "error::UserWarning", "-c", ASK.format(query)]
    return subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A DATA_DIR; whatever server is left in it at the end is stopped."""
    made = tmp_path_factory.mktemp("pg")
    yield made
    pid_file = made / "postgres" / "postmaster.pid"
    if pid_file.exists():
        stop(int(pid_file.read_text().split()[0]))


def stop(pid: int) -> None:
    try:
        process = psutil.Process(pid)
        process.send_signal(signal.SIGQUIT)
        process.wait(10)
    except psutil.NoSuchProcess:
        pass


def test_the_first_start_has_the_tuning_and_says_nothing(folder: Path) -> None:
    done = ask(folder, "SHOW max_connections")
    assert (done.stdout, done.stderr) == ("60\n", "")


def test_a_pid_file_of_another_process_is_stale(folder: Path) -> None:
    ask(folder)
    (folder / "postgres" / "postmaster.pid").write_text(
        f"{os.getpid()}\n{folder}/postgres\n1\n5432\n/tmp\n\n1 1\nready\n"
    )
    assert ask(folder).stdout == "1\n"


def test_a_half_written_pid_file_is_stale(folder: Path) -> None:
    ask(folder)
    (folder / "postgres" / "postmaster.pid").write_text("9999")
    assert ask(folder).stdout == "1\n"


def test_a_killed_server_recovers_and_stops_with_its_last_user(folder: Path) -> None:
    ask(folder)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "up\n"
    server = psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))
    holder.kill()
    holder.wait()
    for process in [server, *server.children()]:
        with suppress(psutil.NoSuchProcess):  # its parent's end may end it first
            process.kill()
    psutil.wait_procs([server], timeout=10)
    assert ask(folder).stdout == "1\n"
    assert json.loads((folder / "postgres" / ".handle_pids.json").read_text()) == []
    assert not (folder / "postgres" / "postmaster.pid").exists(), "the last user's end stopped it"


def test_a_long_path_has_its_socket_elsewhere(folder: Path) -> None:
    assert ask(folder / ("long" * 30)).stdout == "1\n"


def test_a_folder_that_cannot_be_made_is_one_line(folder: Path) -> None:
    (folder / "file").write_text("")
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(folder / "file" / "data")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr == f"manage.py: DATA_DIR {folder}/file/data cannot be used: Not a directory.\n"


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    ask(folder)
    with (folder / "postgres" / "postgresql.auto.conf").open("a") as settings:
        settings.write("shared_buffers = 'much'\n")
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=BASE_DIR,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert 'invalid value for parameter "shared_buffers": "much"' in done.stderr or "configuration file" in done.stderr
