"""Every figure of the benchmark, each a function that takes seconds and gives what it timed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace

from tests.bench import cpu, events, load, pgbench, references
from tests.bench.inprocess import ChargeProcesses
from tests.bench.pgbench import Timed
from tests.bench.server import Database, number
from tests.bench.world import BATCH, GROUPS, HOT, PRODUCT_WALLETS, World

CLIENTS = 8
BATCHES_PER_SECOND = 15  # bodies made ahead, per client; more are made when the server is quicker
Measure = Callable[[float], Timed]


class Bench:
    """The two sides over one database: the product's web server and processes, and pgbench."""

    def __init__(self, database: Database, world: World, port: int, processes: ChargeProcesses) -> None:
        self.database = database
        self.world = world
        self.port = port
        self.processes = processes
        self._single, self._set_based = references.full_scripts(world)
        self._authorize = references.authorize_script(world)
        self._runs = 0
        self._cpu_ahead = 0.0
        self._random = random.Random(1)

    def measures(self) -> dict[str, Measure]:
        """The figures by name, in the order in which a round takes them: each beside what it is compared with."""
        measures: dict[str, Measure] = {
            "lean": self.lean,
            "full single": lambda seconds: self._pgbench(self._single, seconds),
            "http single": self.http_single,
            "reference authorize": lambda seconds: self._pgbench(self._authorize, seconds),
            "http authorize": self.http_authorize,
            "full batch": self.full_batch,
            "http batch": self.http_batch,
            "service batch": self.service_batch,
            "full hot": lambda seconds: self._pgbench(self._single, seconds, hot=True),
            "http hot": self.http_hot,
        }
        return {name: self._with_cpu(measure) for name, measure in measures.items()}

    def _with_cpu(self, measure: Measure) -> Measure:
        """The same, with the processor time of one event: of all processes, but not of making bodies ahead."""

        def measured(seconds: float) -> Timed:
            self._cpu_ahead = 0.0
            before = cpu.spent_seconds(self.database.postmaster_pid)
            timed = measure(seconds)
            spent = cpu.spent_seconds(self.database.postmaster_pid) - before - self._cpu_ahead
            return replace(timed, cpu_us=spent * 1e6 / timed.count)

        return measured

    def lean(self, seconds: float) -> Timed:
        """The bare posting, one transaction per event."""
        return pgbench.run(
            self.database,
            references.typed(references.LEAN),
            clients=CLIENTS,
            seconds=seconds,
            variables={"last": BATCH - 1},
        )

    def full_batch(self, seconds: float) -> Timed:
        """Everything the product writes, for a thousand events in one transaction; events a second."""
        timed = self._pgbench(self._set_based, seconds, clients=GROUPS)
        return Timed(timed.per_second * BATCH, timed.p50_ms, timed.p99_ms, timed.count * BATCH)

    def http_single(self, seconds: float) -> Timed:
        """One event per request, for a thousand wallets."""
        return self._singles(seconds, lambda: events.account_name(self._random.randrange(BATCH)))

    def http_hot(self, seconds: float) -> Timed:
        """One event per request, all for one wallet."""
        return self._singles(seconds, lambda: events.account_name(HOT))

    def http_authorize(self, seconds: float) -> Timed:
        """One authorisation per request, for a thousand wallets."""
        run = self._next_run()

        def body(client: int, count: int) -> bytes:
            account = events.account_name(self._random.randrange(BATCH))
            return events.authorize_body(f"a-{run}-{client}-{count}", account).encode()

        return self._drive("/api/v1/calls/authorize", seconds, body, bad=b'"allowed":false')

    def http_batch(self, seconds: float) -> Timed:
        """A thousand events per request, each client for a thousand wallets of its own; events a second."""
        run = self._next_run()

        def body(client: int, count: int) -> bytes:
            return events.batch_body(f"b-{run}-{client}-{count}", client * BATCH, BATCH)

        started = time.process_time()
        ready = {
            (client, count): self._request("/api/v1/events", body(client, count))
            for client in range(GROUPS)
            for count in range(round(seconds * BATCHES_PER_SECOND))
        }
        self._cpu_ahead += time.process_time() - started
        timed = load.drive(
            self.port,
            clients=GROUPS,
            seconds=seconds,
            next_request=lambda client, count: (
                ready.pop((client, count), b"") or self._request("/api/v1/events", body(client, count))
            ),
        )
        return Timed(timed.per_second * BATCH, timed.p50_ms, timed.p99_ms, timed.count * BATCH)

    def service_batch(self, seconds: float) -> Timed:
        """The same through the charge service, without HTTP and JSON."""
        return self.processes.run(f"s-{self._next_run()}", seconds)

    def deadlocks(self) -> int:
        """How many deadlocks PostgreSQL has broken since it started."""
        return number(self.database, "SELECT sum(deadlocks) FROM pg_stat_database")

    def _pgbench(self, script: str, seconds: float, *, clients: int = CLIENTS, hot: bool = False) -> Timed:
        base = self.world.first_wallet
        first, last = (HOT + 1, HOT + 1) if hot else (PRODUCT_WALLETS, PRODUCT_WALLETS + BATCH - 1)
        variables = {**self.world.variables(), "base": base, "first": base + first, "last": base + last}
        return pgbench.run(self.database, script, clients=clients, seconds=seconds, variables=variables)

    def _singles(self, seconds: float, account: Callable[[], str]) -> Timed:
        run = self._next_run()
        return self._drive(
            "/api/v1/events",
            seconds,
            lambda client, count: events.event_body(f"e-{run}-{client}-{count}", account()).encode(),
        )

    def _drive(
        self, path: str, seconds: float, body: Callable[[int, int], bytes], *, bad: bytes = b'"rejected"'
    ) -> Timed:
        return load.drive(
            self.port,
            clients=CLIENTS,
            seconds=seconds,
            next_request=lambda client, count: self._request(path, body(client, count)),
            bad=bad,
        )

    def _request(self, path: str, body: bytes) -> bytes:
        return load.request(path, self.world.key, body)

    def _next_run(self) -> int:
        self._runs += 1
        return self._runs
