"""Where the time of a charge goes: statement by statement at the database, and function by function in Python.

For the statements the pipeline is taken apart, so that each is timed alone; their sum is more than a request waits.
"""

from __future__ import annotations

import cProfile
import pstats
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import BytesIO, StringIO
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.events import account_name, authorize_body, batch_body, event_body
from tests.bench.world import BATCH, World

ROWS = 30
WARM_UP, SINGLES, ARRAYS = 20, 300, 15


class StatementTimes:
    """Milliseconds per statement, each known by its verb and table."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = {}

    def run(self, *statements: tuple[str, Sequence[Any]]) -> list[list[tuple[Any, ...]]]:
        """What `organizations.database.run` does, one statement at a time."""
        from organizations import database

        found = []
        for statement in statements:
            started = time.perf_counter()
            found += self._run(database, statement)
            self.spent.setdefault(name_of(statement[0]), []).append((time.perf_counter() - started) * 1000)
        return found

    def _run(self, database: Any, statement: tuple[str, Sequence[Any]]) -> list[list[tuple[Any, ...]]]:
        rows: list[list[tuple[Any, ...]]] = self.original(statement)
        return rows

    original: Callable[..., Any]

    def table(self, requests: int) -> list[tuple[str, int, float]]:
        """(statement, calls, milliseconds per request), the dearest first."""
        rows = [(name, len(spent), sum(spent) / requests) for name, spent in self.spent.items()]
        return sorted(rows, key=lambda row: -row[2])


@contextmanager
def statement_times() -> Iterator[StatementTimes]:
    """Time every statement that goes through `organizations.database.run` meanwhile."""
    from organizations import database

    times = StatementTimes()
    original = database.run
    times.original = original
    users = [module for module in list(sys.modules.values()) if getattr(module, "run", None) is original]
    for module in users:
        module.run = times.run  # type: ignore[attr-defined]
    try:
        yield times
    finally:
        for module in users:
            module.run = original  # type: ignore[attr-defined]


def functions(work: Callable[[], object]) -> str:
    """The functions in which `work` spends its own time, dearest first."""
    profile = cProfile.Profile()
    profile.runcall(work)
    out = StringIO()
    pstats.Stats(profile, stream=out).sort_stats("tottime").print_stats(ROWS)
    return out.getvalue()


def name_of(sql: str) -> str:
    """Verb and table: enough to know a statement by."""
    flat = " ".join(sql.split())
    table = re.search(r"(?:INTO|UPDATE|FROM|nextval\(')\s*'?([a-z_]+)", flat)
    where = re.search(r"(status|call_id|FOR NO KEY UPDATE|unnest)", flat)
    return f"{flat.split()[0]} {table[1] if table else flat[:40]} {where[1] if where else ''}".strip()


def show_profile(console: Console, world: World) -> None:
    """Print where single events, authorisations and arrays spend their time, each from the WSGI application down."""
    post = _application(world)
    kinds: tuple[tuple[str, str, int, Callable[[str], bytes]], ...] = (
        ("single event", "/api/v1/events", SINGLES, lambda name: event_body(name, account_name(0)).encode()),
        ("authorize", "/api/v1/calls/authorize", SINGLES, lambda name: authorize_body(name, account_name(0)).encode()),
        ("array of 1,000", "/api/v1/events", ARRAYS, lambda name: batch_body(name, 0, BATCH)),
    )
    for kind, path, count, body in kinds:
        slug = kind.split()[0]
        for number in range(WARM_UP):
            post(path, body(f"{slug}-warm-{number}"))
        bodies = [body(f"{slug}-timed-{number}") for number in range(count)]
        started, cpu = time.perf_counter(), time.process_time()
        for each in bodies:
            post(path, each)
        wall, cpu = (time.perf_counter() - started) / count, (time.process_time() - cpu) / count
        console.rule(f"{kind}: {wall * 1000:.2f} ms, of which {cpu * 1000:.2f} ms Python")
        with statement_times() as times:
            for number in range(count):
                post(path, body(f"{slug}-statements-{number}"))
        table = Table("statement", "calls", "ms a request", title="Alone, without the pipeline")
        for name, calls, milliseconds in times.table(count):
            table.add_row(name, str(calls), f"{milliseconds:.3f}")
        console.print(table)
        bodies = [body(f"{slug}-functions-{number}") for number in range(count)]
        console.print(functions(partial(_post_all, post, path, bodies)), markup=False, highlight=False)


def _post_all(post: Callable[[str, bytes], None], path: str, bodies: list[bytes]) -> None:
    for body in bodies:
        post(path, body)


def _application(world: World) -> Callable[[str, bytes], None]:
    """Posts a body to the WSGI application in this process; raises AssertionError unless it is taken."""
    from config.wsgi import application

    def post(path: str, body: bytes) -> None:
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_AUTHORIZATION": f"Bearer {world.key}",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        statuses: list[str] = []

        def start_response(status: str, *_rest: object) -> Callable[[bytes], object]:
            statuses.append(status)
            return lambda _content: None

        response = application(environ, start_response)
        content = b"".join(response)
        if not statuses[0].startswith("20") or b'"rejected"' in content or b'"allowed":false' in content:
            raise AssertionError(content[:1000])

    return post
