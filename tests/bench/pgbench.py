"""Runs a script of SQL with pgbench and reads what it measured."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench.server import Database

CLIENTS_PER_THREAD = 4


@dataclass(frozen=True)
class Timed:
    """Transactions a second, and the latencies in milliseconds at the middle and at the 99th percentile."""

    per_second: float
    p50_ms: float
    p99_ms: float
    count: int
    cpu_us: float = 0.0
    """Processor time of one, in microseconds, of all processes that took part."""


class ReferenceFailedError(Exception):
    """pgbench said that a statement failed, a deadlock among them."""


def run(database: Database, script: str, *, clients: int, seconds: float, variables: dict[str, int]) -> Timed:
    """Run `script` as one transaction after the other from `clients` connections, statements prepared.

    Raises ReferenceFailedError when any transaction failed.
    """
    with tempfile.TemporaryDirectory(prefix="pgbench-") as folder:
        path = Path(folder) / "script.sql"
        path.write_text(script)
        command = [
            str(database.pgbench),
            *("-h", database.socket_folder, "-U", "postgres", "-n", "-M", "prepared"),
            *("-c", str(clients), "-j", str(max(1, clients // CLIENTS_PER_THREAD))),
            *("-T", str(max(1, round(seconds))), "-f", str(path), "--log", f"--log-prefix={folder}/log"),
            *[f"-D{name}={value}" for name, value in variables.items()],
            database.name,
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
        if done.returncode or "aborted" in done.stderr:
            raise ReferenceFailedError(done.stderr.strip()[-2000:])
        rate = re.search(r"tps = ([\d.]+) \(without", done.stdout)
        if rate is None:
            raise ReferenceFailedError(done.stdout)
        latencies = sorted(
            int(line.split()[2]) / 1000 for log in Path(folder).glob("log.*") for line in log.read_text().splitlines()
        )
    return Timed(float(rate[1]), quantile(latencies, 0.5), quantile(latencies, 0.99), len(latencies))


def quantile(ordered: list[float], share: float) -> float:
    """The value below which `share` of an ordered list lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
