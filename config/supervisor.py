"""Web, worker, beat and, in development, the payment stand-ins under one supervisor.

They start together and stop together, and it says which one failed.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Mapping

from honcho.manager import Manager
from honcho.printer import Message, Printer

from config import stand_ins

WEB_PROCESSES_MAX = 8
# A request waits for the database more than half of its time: with one thread the cores stood idle meanwhile.
WEB_THREADS = 3
WORKER_PROCESSES = 2
STOPPED = re.compile(r"(?P<name>\w+) stopped \(rc=(?P<code>-?\d+)\)")


def cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def commands(host: str, port: int) -> dict[str, list[str]]:
    """What runs: granian with a process per core, workers, beat, and the stand-ins where no real keys are set."""
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "config.celery"]
    payments = {"payments": stand_ins.command(f"http://{host}:{port}")} if stand_ins.are_used() else {}
    return payments | {
        "web": [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--respawn-failed-workers"),
            *("--host", host, "--port", str(port), "--workers", str(min(cores(), WEB_PROCESSES_MAX))),
            *("--blocking-threads", str(WEB_THREADS), "--backlog", "2048", "--log-level", "warning"),
            "config.wsgi:application",
        ],
        "worker": [*celery, *_worker("celery")],
        "cashier": [*celery, *_worker("payments")],
        "messenger": [*celery, *_worker("messages")],
        "exporter": [*celery, *_worker("exports", processes=1)],
        "beat": [*celery, "beat", "--loglevel", "WARNING"],
    }


def _worker(queue: str, *, processes: int = WORKER_PROCESSES) -> list[str]:
    return [
        *("worker", "--queues", queue, "--hostname", f"{queue}@%h", "--concurrency", str(processes)),
        *("--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


class _Watcher(Printer):
    """Prints what the processes say, remembers the first that stopped by itself, and tells when all have started."""

    def __init__(self, names: set[str], on_started: Callable[[], None]) -> None:
        super().__init__(sys.stdout)
        self.waiting = names
        self.on_started = on_started
        self.first_stopped: tuple[str, int] | None = None
        self.is_asked_to_stop = False

    def write(self, message: Message) -> None:
        """One message; those of the supervisor itself say who started and stopped."""
        text = message.data if isinstance(message.data, str) else message.data.decode(errors="replace")
        if message.name != "system":
            super().write(message)
        elif "received" in text:
            self.is_asked_to_stop = True
        elif found := STOPPED.search(text):
            if self.first_stopped is None and not self.is_asked_to_stop:
                self.first_stopped = (found["name"], int(found["code"]))
        elif "started (pid" in text:
            self.waiting.discard(text.split()[0])
            if not self.waiting:
                self.on_started()
                self.waiting = {"told"}
        self.output.flush()


def run(host: str, port: int, environment: Mapping[str, str], on_started: Callable[[], None]) -> str | None:
    """Run until Ctrl-C, SIGTERM or the end of any process; then all are stopped.

    `on_started` is called once when all processes have been started. Returns None after a stop that was asked for,
    else one line that says which process ended and how.
    """
    wanted = commands(host, port)
    watcher = _Watcher(set(wanted), on_started)
    manager = Manager(watcher)
    for name, command in wanted.items():
        manager.add_process(name, "exec " + shlex.join(command), env={**os.environ, **environment})
    manager.loop()
    if watcher.first_stopped is None:
        return None
    name, code = watcher.first_stopped
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return f"{name} {how}; everything was stopped. What it said is above."
