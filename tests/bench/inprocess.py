"""The charge service without HTTP: processes that charge one array after the other, each for wallets of its own."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

from tests.bench.events import batch_body
from tests.bench.pgbench import Timed
from tests.bench.world import BATCH, World

PROCESSES = 2


class ChargeProcesses:
    """Python processes that are ready to charge, like the web server's, but fed from memory."""

    def __init__(self, pipes: list[Connection]) -> None:
        self._pipes = pipes

    def run(self, run_name: str, seconds: float) -> Timed:
        """Events charged a second by all processes together; no latencies."""
        for number, pipe in enumerate(self._pipes):
            pipe.send((f"{run_name}-{number}", seconds))
        counts = [pipe.recv() for pipe in self._pipes]
        rate = sum(count / elapsed for count, elapsed in counts)
        return Timed(rate, 0.0, 0.0, sum(count for count, _elapsed in counts))


@contextmanager
def charge_processes(world: World) -> Iterator[ChargeProcesses]:
    """Start the processes, and end them afterwards."""
    spawn = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    processes = []
    for number in range(PROCESSES):
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=_serve, args=(theirs, world, number * BATCH), daemon=True)
        process.start()
        pipes.append(ours)
        processes.append(process)
    try:
        yield ChargeProcesses(pipes)
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.join(10)


def _serve(pipe: Connection, world: World, first: int) -> None:
    import django

    django.setup()
    try:
        while True:
            run_name, seconds = pipe.recv()
            pipe.send(_charge_for(world, run_name, first, seconds))
    except EOFError:
        return


def _charge_for(world: World, run_name: str, first: int, seconds: float) -> tuple[int, float]:
    """Charge arrays for so many seconds; reading the events from JSON is not counted."""
    from usage.services.charge import charge_events

    key = key_context(world)
    count, spent = 0, 0.0
    while spent < seconds:
        items = parsed(batch_body(f"{run_name}-{count}", first, BATCH))
        started = time.perf_counter()
        results = charge_events(key=key, items=items)
        spent += time.perf_counter() - started
        if any(result["status"] != "accepted" for result in results):
            raise AssertionError("An event of the benchmark was not accepted.")
        count += len(results)
    return count, spent


def key_context(world: World) -> Any:
    """The key as the API finds it."""
    from organizations.selectors.keys import find_key

    return find_key(world.key)


def parsed(body: bytes) -> Any:
    """Events as the API hands them to the charge service."""
    from usage.api.intake import read_events

    return read_events(body, now=datetime.now(UTC)).items
