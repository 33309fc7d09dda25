"""The web server as `make run` starts it: granian, a process per core, some threads each."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from config.supervisor import commands

START_SECONDS = 30


@contextmanager
def web_server() -> Iterator[int]:
    """Start it on a free port, wait until it takes connections, and stop it afterwards; gives the port."""
    port = free_port()
    environment = {**os.environ, "API_REQUESTS_PER_SECOND": "1000000", "LOG_LEVEL": "WARNING", "DEBUG": "0"}
    process = subprocess.Popen(commands("127.0.0.1", port)["web"], env=environment, start_new_session=True)
    try:
        _wait(process, port)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with suppress(ProcessLookupError):  # workers of a server that was told to stop while it was starting
            os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"The web server ended with code {process.returncode}.")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"The web server did not answer within {START_SECONDS} seconds.")
