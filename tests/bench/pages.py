"""Every customer page's server time and number of queries, for an account with a million ledger rows.

The pages are those of `tests/isolation/matrix.py` that an owner reads, so that a new page is measured with its row
there; beside them the dearest ways to ask for lists: deep pages, filters that match little or nothing, long periods.
"""

from __future__ import annotations

import logging
import time
from datetime import date, timedelta
from itertools import islice
from statistics import median
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from organizations.models import Role
from tests.bench import cpu
from tests.bench.page_time import LEDGER_ROWS, REQUESTS, PageTime
from tests.isolation.matrix import ROWS, Row
from tests.isolation.worlds import World
from tests.statements import sent_statements

if TYPE_CHECKING:
    from django.test import Client

WARM_UP = 2
LINES = 3  # of a file: the byte-order mark, the header, a row
ANSWERS = (200, 204, 286)  # a page, nothing new, nothing new ever again
_YEAR = f"when=other&from={date.today() - timedelta(days=365)}&to={date.today()}"
_LONG_AGO = f"when={date.today() - timedelta(days=700)}"
# {call}: an event in the middle of the history; {number}: a transaction there; {project}: the sandbox.
DEAR_QUERIES = {
    "overview": ["project={project}"],
    "history": [
        "view=each",
        "before={number}.0",
        "view=each&before={number}.0",
        "view=each&type=refund",
        "view=each&project={project}",
        "simulated=shown&view=each",
        _YEAR,
        f"view=each&{_LONG_AGO}",
    ],
    "calls": [
        "before={call}.0",
        "channel=chat",
        "result=outcome:spam",
        "result=failed",
        "result=outcome:spam&channel=web",
        "project={project}",
        _YEAR,
        _LONG_AGO,
        f"result=failed&{_YEAR}",
    ],
    "usage": [_YEAR, f"show=simulated&{_YEAR}", f"project={{project}}&{_YEAR}"],
    "live": ["account={account}", "account={account}&seen=0&within=&shown=balance"],
}


def page_times(world: World, postmaster_pid: int) -> list[PageTime]:
    """Measure every page in this process, the dearest first. A file is timed up to its first rows."""
    from django.test import Client

    logging.getLogger("django.request").setLevel(logging.ERROR)  # what is answered 404 is as it should be
    client = Client()
    client.force_login(world.members[Role.OWNER], backend="django.contrib.auth.backends.ModelBackend")
    pages = [(row, path) for row in ROWS if Role.OWNER in row.get for path in _paths(row, world)]
    found = [_page_time(client, row, path, postmaster_pid) for row, path in pages]
    return sorted(found, key=lambda each: -each.milliseconds)


def _paths(row: Row, world: World) -> list[str]:
    path = reverse(row.name, args=[world.ids[key] for key in row.args])
    asked = {
        "call": world.ids["call"],
        "number": LEDGER_ROWS // 4,
        "project": world.ids["sandbox_project"],
        "account": world.account.pk,
    }
    return [path, *(f"{path}?{query.format(**asked)}" for query in DEAR_QUERIES.get(row.name, []))]


def _page_time(client: Client, row: Row, path: str, postmaster_pid: int) -> PageTime:
    for _ in range(WARM_UP):
        _read(client, row, path)
    before = cpu.spent_seconds(postmaster_pid)
    taken = [_read(client, row, path) for _ in range(REQUESTS)]
    spent = cpu.spent_seconds(postmaster_pid) - before
    with sent_statements() as sent:
        _read(client, row, path)
    return PageTime(path, median(taken) * 1000, spent * 1000 / REQUESTS, len(sent))


def _read(client: Client, row: Row, path: str) -> float:
    """Seconds until the page is there."""
    started = time.perf_counter()
    response: Any = client.get(path)
    if response.streaming:
        list(islice(response.streaming_content, LINES))
    elapsed = time.perf_counter() - started
    if response.status_code not in (*ANSWERS, row.read):
        raise AssertionError(f"{path} answered {response.status_code}.")
    response.close()
    return elapsed
