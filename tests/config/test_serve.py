"""`make run`: everything comes up together, the printed line charges a call, and everything ends together."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from organizations.models import Account, User
from tests.config.processes import eventually, free_port, own_environment, running
from usage.models import UsageEvent


def serve(environment: dict[str, str]) -> list[str]:
    return ["manage.py", "serve", "--port", environment["PORT"]]


def children(process: subprocess.Popen[bytes], word: str) -> list[psutil.Process]:
    """The supervisor's processes whose command holds the word."""
    found = psutil.Process(process.pid).children(recursive=True)
    return [child for child in found if word in child.cmdline()]


@pytest.fixture
def environment(transactional_db: None, make_account: Callable[..., Account], tmp_path: Path) -> dict[str, str]:
    """An installation with a customer, so that no demo customers are made."""
    make_account("aipbx", paid="10", external_id="acme")
    return own_environment(tmp_path, PORT=str(free_port()))


def test_the_printed_line_charges_a_call_and_sigterm_ends_everything(
    environment: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "serve.log"
    with running(serve(environment), environment, log) as process:
        eventually(lambda: "Ready." in log.read_text(), log)
        started = psutil.Process(process.pid).children(recursive=True)
        said = log.read_text()
        assert f"http://127.0.0.1:{environment['PORT']}/billing/" in said
        (line,) = re.findall(r"^curl .*$", said, re.MULTILINE)
        for _ in range(2):
            subprocess.run(["sh", "-c", line.replace("curl -sS", "curl -sSf")], check=True, capture_output=True)
        assert [str(event.total.amount) for event in UsageEvent.objects.all()] == ["0.046000", "0.046000"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()
    assert psutil.wait_procs(started, timeout=10)[1] == []
    assert log.read_text().endswith("Stopped.\n")
    assert User.objects.filter(email="staff@backoffice.example", is_superuser=True).count() == 1


def test_the_end_of_one_process_ends_all_and_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "serve.log"
    with running(serve(environment), environment, log) as process:
        eventually(lambda: "Ready." in log.read_text(), log)
        (beat,) = children(process, "beat")
        beat.send_signal(signal.SIGKILL)
        assert process.wait(30) == 1, log.read_text()
    assert "beat was killed by SIGKILL; everything was stopped." in log.read_text().splitlines()[-1]


def test_a_port_in_use_is_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    import socket

    log = tmp_path / "serve.log"
    with (
        socket.create_server(("127.0.0.1", int(environment["PORT"]))),
        running(serve(environment), environment, log) as process,
    ):
        assert process.wait(30) == 1
    said = log.read_text().removeprefix("CommandError: ")
    assert said == (
        f"Cannot listen on 127.0.0.1:{environment['PORT']}: {os.strerror(errno.EADDRINUSE)}. Set PORT to another one.\n"
    )
