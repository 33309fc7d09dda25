"""Prints the figures as tables and writes them as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Column, Table

from tests.bench.page_time import LEDGER_ROWS, MILLISECONDS_MOST, QUERIES_MOST, REQUESTS, PageTime
from tests.bench.verdict import Growth, Rounds, Target

HEADINGS = {
    "lean": "pgbench, the lean posting, 8 clients",
    "full single": "pgbench, every row of a call, 8 clients",
    "http single": "HTTP, single events, 8 clients",
    "reference authorize": "pgbench, authorize's statements, 8 clients",
    "http authorize": "HTTP, authorize, 8 clients",
    "full batch": "pgbench, every row, 1,000 events set-based, 4 clients",
    "http batch": "HTTP, arrays of 1,000 events, 4 clients",
    "service batch": "charge service in process, 1,000 events, 2 processes",
    "full hot": "pgbench, every row, one hot wallet, 8 clients",
    "http hot": "HTTP, single events, one hot wallet, 8 clients",
}


def show(console: Console, rounds: Rounds, grown: list[Growth], targets: list[Target]) -> None:
    """The three tables."""
    table = Table("what", "per second", "to lean", "p50 ms", "p99 ms", "CPU µs", title="Medians of the rounds")
    lean = median(timed.per_second for timed in rounds["lean"])
    for name, timed in rounds.items():
        rate = median(each.per_second for each in timed)
        p50, p99 = median(each.p50_ms for each in timed), median(each.p99_ms for each in timed)
        latencies = (f"{p50:.2f}", f"{p99:.2f}") if p50 else ("", "")
        cpu = f"{median(each.cpu_us for each in timed):,.0f}"
        table.add_row(HEADINGS[name], f"{rate:,.0f}", f"{rate / lean:.2f}", *latencies, cpu)
    console.print(table)
    if grown:
        console.print(_growth_table(grown))
    verdicts = Table("target", "measured", "by CPU time", "wanted", "", title="Targets")
    for target in targets:
        wanted = f"{'≥' if target.at_least else '≤'} {target.bound:g}"
        mark = "[green]reached[/green]" if target.is_reached else "[red]not reached[/red]"
        by_cpu = "" if target.by_cpu is None else f"{target.by_cpu:.2f}"
        verdicts.add_row(target.name, f"{target.value:.2f}", by_cpu, wanted, mark)
    console.print(verdicts)


def show_pages(console: Console, pages: list[PageTime]) -> None:
    """Each customer page, the dearest first, and whether it keeps its bounds (on a busy machine: by processor time)."""
    title = f"Customer pages of an account with {LEDGER_ROWS:,} ledger rows, medians of {REQUESTS}"
    table = Table(Column("page", overflow="fold"), "server ms", "CPU ms", "queries", "", title=title)
    for page in pages:
        mark = "[green]reached[/green]" if page.is_quick else "[red]not reached[/red]"
        if page.is_quick_by_cpu and not page.is_quick:
            mark = "[yellow]by CPU time[/yellow]"
        table.add_row(page.path, f"{page.milliseconds:.0f}", f"{page.cpu_ms:.0f}", str(page.queries), mark)
    console.print(table)
    quick, by_cpu = sum(page.is_quick for page in pages), sum(page.is_quick_by_cpu for page in pages)
    bounds = f"at most {MILLISECONDS_MOST} ms and {QUERIES_MOST} queries"
    console.print(f"{quick} of {len(pages)} take {bounds}; {by_cpu} of them by processor time.")


def write_json(
    path: Path,
    settings: dict[str, str],
    rounds: Rounds,
    grown: list[Growth],
    targets: list[Target],
    pages: list[PageTime],
) -> None:
    """Everything that was measured, round by round."""
    document = {
        "settings": settings,
        "rounds": {name: [asdict(timed) for timed in each] for name, each in rounds.items()},
        "growth": [asdict(each) for each in grown],
        "targets": [{**asdict(target), "is_reached": target.is_reached} for target in targets],
        "pages": [{**asdict(page), "is_quick": page.is_quick} for page in pages],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")


def _growth_table(grown: list[Growth]) -> Table:
    table = Table(
        "ledger rows",
        "HTTP batch /s",
        "of full",
        "history first ms",
        "deep ms",
        "by day first ms",
        "deep ms",
        title="As the ledger grows",
    )
    for each in grown:
        pages = each.history
        table.add_row(
            f"{each.ledger_rows:,}",
            f"{each.http_batch:,.0f}",
            f"{each.http_batch / each.full_batch:.2f}",
            *(f"{ms:.1f}" for ms in (pages.first_page, pages.deep_page, pages.first_by_day, pages.deep_by_day)),
        )
    return table
