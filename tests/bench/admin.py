"""Every list, page and search of the back office at size: server time, statements, and rows read without an index.

Lists are asked for their first page, their last one, each choice of each filter, a search that finds and one that does
not, and each step of their dates; so a new list is measured with its registration.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.urls import reverse
from rich.console import Console
from rich.table import Column, Table

from tests.bench import cpu
from tests.bench.admin_world import FULL, SMALL, Size, fill
from tests.bench.server import Database
from tests.statements import sent_statements

if TYPE_CHECKING:
    from django.test import Client

REQUESTS = 3
MILLISECONDS_MOST = 1000
QUERIES_MOST = 20
SHOWN = 25
CHOICES = 3  # of each filter
BIG_ROWS = 60_000  # a table with more rows than that is never read through,
READ_MOST = 120_000  # though its newest rows may be: a list's window, and as far as it counts
TERMS = {
    "usage.UsageEvent": "c-4711@198.51.100.7",
    "billing.Transaction": "tenant-17",
    "billing.Transfer": "4711",
    "billing.Document": "INV-2026-000123",
    "billing.Payment": "pi_4712",
    "billing.TopUp": "cs_4711",
    "notifications.Delivery": "owner17@example.com",
}
SEARCHES = (
    *("owner17@example.com", "person17@", "tenant-17", "customer 00", "c-4711@198.51.100.7", "evt-4711", "held-4711"),
    *("charge:4711", "tenant-17 4711", "No. 4711", "INV-2026-000123", "inv2026000123", "4242", "pi_4712", "ch_4711"),
    *("evt_4711", "cs_4711", "4711", "SEPA-4711", "DE100000017", "+1 212 555 4711", "no such thing", "nosuchthing"),
    "00000000-0000-4000-8000-000000000000",
)
READ_THROUGH = "SELECT relname, seq_tup_read FROM pg_stat_user_tables"


@dataclass(frozen=True)
class Asked:
    """One address and what it took."""

    path: str
    status: int
    milliseconds: float
    cpu_ms: float
    queries: int
    read_through: str
    """The big tables of which rows were read without an index."""

    @property
    def is_quick(self) -> bool:
        """Whether it keeps its bounds, by processor time where the machine is busy."""
        quick = min(self.milliseconds, self.cpu_ms) <= MILLISECONDS_MOST
        return quick and self.queries <= QUERIES_MOST + self.is_search * QUERIES_MOST and not self.read_through

    @property
    def is_search(self) -> bool:
        """One search asks every kind of thing, and may take twice a list's statements."""
        return self.path.startswith(reverse("admin:search"))


def measure_admin(database: Database, console: Console, *, is_small: bool) -> list[Asked]:
    """Fill, ask for everything, and show it; returns what was measured, the slowest first."""
    from django.test import Client

    from billing.services.ledger_days import take_days
    from organizations.models import User

    size = SMALL if is_small else FULL
    started = time.perf_counter()
    with console.status("writing years of calls"):
        fill(database, size)
    console.print(f"{size.calls:,} calls, {2 * size.transactions:,} ledger rows: {time.perf_counter() - started:.0f} s")
    started = time.perf_counter()
    with console.status("summing up the ledger's days, as a sweep does"):
        days = take_days()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE billing_ledgerday")
    console.print(f"{days:,} days of wallets summed up for the first time: {time.perf_counter() - started:.0f} s")
    logging.getLogger("django.request").setLevel(logging.ERROR)
    client = Client(raise_request_exception=False)  # a page that fails is a finding, not the end
    user = User.objects.create_superuser("bench@example.com", "bench")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    big = _big_tables()
    asked = [_ask(client, path, database, big) for path in paths(client, size)]
    asked.sort(key=lambda each: -min(each.milliseconds, each.cpu_ms))
    show(console, asked)
    return asked


def paths(client: Client, size: Size) -> Iterator[str]:
    """Every address, as the lists and the sidebar themselves name them."""
    from config.unfold import NAVIGATION

    lists = set()
    for model, model_admin in admin.site._registry.items():
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        lists.add(address)
        yield from _of_list(client, model, model_admin, address)
        row = model._default_manager.order_by("-pk").first()
        if row is not None:
            key = getattr(row, "prefix", row.pk) if model._meta.model_name == "servicekey" else row.pk
            yield reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[key])
    for name in ("organizations_account", "billing_wallet"):  # with a fifth of all calls
        yield reverse(f"admin:{name}_change", args=[1])
    yield from (f"{reverse('admin:search')}?s={_quoted(term)}" for term in SEARCHES)
    yield from {str(item["link"]) for group in NAVIGATION for item in group["items"]} - lists


def _of_list(client: Client, model: type[Model], model_admin: Any, address: str) -> Iterator[str]:
    response: Any = client.get(address)
    yield address
    changelist = (getattr(response, "context_data", None) or {}).get("cl")
    if changelist is None:
        return
    pages = changelist.paginator.num_pages
    if pages > 2:
        yield f"{address}?p={pages}"
    for spec in changelist.filter_specs:
        choices = [choice.get("query_string", "") for choice in spec.choices(changelist)]
        yield from (f"{address}{query}" for query in [one for one in choices if len(one) > 1][:CHOICES])
    for name in getattr(model_admin, "narrowing", ()):
        if name != "q":
            yield f"{address}?{name}=1"
    if changelist.search_fields:
        yield f"{address}?q={_quoted(TERMS.get(model._meta.label, 'tenant-17'))}"
        yield f"{address}?q=nosuchthing"
    if dates := changelist.date_hierarchy:
        yield f"{address}?{dates}__year=2026"
        yield f"{address}?{dates}__year=2026&{dates}__month=10"


def _quoted(term: str) -> str:
    from urllib.parse import quote

    return quote(term)


def _big_tables() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_stat_user_tables WHERE n_live_tup > %s", [BIG_ROWS])
        return {row[0] for row in cursor.fetchall()}


def _read_through(big: set[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute(READ_THROUGH)
        return {name: read for name, read in cursor.fetchall() if name in big}


def _ask(client: Client, path: str, database: Database, big: set[str]) -> Asked:
    before = _read_through(big)
    with sent_statements() as sent:
        response: Any = client.get(path)
    after = _read_through(big)
    spent, taken = cpu.spent_seconds(database.postmaster_pid), []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        client.get(path)
        taken.append((time.perf_counter() - started) * 1000)
    spent = (cpu.spent_seconds(database.postmaster_pid) - spent) * 1000 / REQUESTS
    through = [
        f"{name} {after[name] - before[name]:,}" for name in sorted(big) if after[name] - before[name] > READ_MOST
    ]
    return Asked(path, response.status_code, median(taken), spent, len(sent), ", ".join(through))


def show(console: Console, asked: list[Asked]) -> None:
    """The slowest, and all that does not keep its bounds."""
    shown = [one for place, one in enumerate(asked) if place < SHOWN or not one.is_quick or one.status != 200]
    title = f"Back office, medians of {REQUESTS}: the {SHOWN} slowest, and what does not keep its bounds"
    table = Table(Column("address", overflow="fold"), "server ms", "CPU ms", "queries", "read through", "", title=title)
    for one in shown:
        mark = "[green]reached[/green]" if one.is_quick else "[red]not reached[/red]"
        mark = mark if one.status == 200 else f"[red]{one.status}[/red]"
        figures = (f"{one.milliseconds:.0f}", f"{one.cpu_ms:.0f}", str(one.queries))
        table.add_row(one.path, *figures, one.read_through, mark)
    console.print(table)
    quick = sum(one.is_quick for one in asked)
    bounds = f"{MILLISECONDS_MOST} ms, {QUERIES_MOST} statements (a search twice as many) and read no big table through"
    console.print(f"{quick} of {len(asked)} keep to {bounds}.")
