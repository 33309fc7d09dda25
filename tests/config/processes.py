"""Real processes of the product beside a test: on the test's own database, and ended with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

from config.settings import BASE_DIR

SECONDS_MAX = 120


def own_environment(data_dir: Path, **variables: str) -> dict[str, str]:
    """What a process needs to work on the database of the running (transactional) test."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    own = {"PATH": os.environ["PATH"], "DATA_DIR": str(data_dir), "DATABASE_URL": url}
    return own | {"STAND_IN_PORT": str(free_port()), **variables}


@contextmanager
def running(
    command: list[str], environment: dict[str, str], log: Path, *, executable: str = sys.executable
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, in a session of its own, its output in `log`; whatever is left of it is killed at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [executable, *command],
            cwd=BASE_DIR,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def eventually(condition: Callable[[], bool], log: Path) -> None:
    """Wait until the condition holds; fails with the log when it does not within two."""
    until = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
