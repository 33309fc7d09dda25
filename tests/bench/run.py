"""One run: the rounds, in which every figure takes its turn, and what grows with the ledger before and after them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.progress import Progress

from tests.bench import growth, report, verdict
from tests.bench.inprocess import charge_processes
from tests.bench.measure import Bench
from tests.bench.page_time import PageTime
from tests.bench.server import Database
from tests.bench.verdict import Growth, Rounds
from tests.bench.warm_up import warm_up
from tests.bench.web import web_server
from tests.bench.world import make_world


@dataclass(frozen=True)
class Plan:
    """How long to measure: rounds of so many seconds per figure, at so many of the ledger's sizes."""

    rounds: int
    seconds: float
    sizes: int


@dataclass(frozen=True)
class Found:
    """Everything that one run measured."""

    rounds: Rounds
    grown: list[Growth]
    targets: list[verdict.Target]


def measure_all(database: Database, plan: Plan, console: Console) -> Found:
    """Take every figure in a migrated, empty database, after Django was set up."""
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(console=console, transient=True))
        world = make_world()
        port = stack.enter_context(web_server())
        processes = stack.enter_context(charge_processes(world))
        warm_up(port, world)
        bench = Bench(database, world, port, processes)
        grown = [_at_size(bench, index, plan) for index in range(min(plan.sizes, 1))]
        rounds = _rounds(bench, plan, progress)
        targets = verdict.targets(rounds, bench.deadlocks())
        grown += [_at_size(bench, index, plan) for index in range(1, plan.sizes)]
    return Found(rounds, grown, targets + verdict.growth_targets(grown))


def measure_pages(database: Database, console: Console) -> list[PageTime]:
    """Every customer page of an account with a million ledger rows, once nothing else runs any more."""
    from tests.bench.busy import busy_account
    from tests.bench.pages import page_times

    with console.status("making a busy account"):
        world = busy_account(database)
    with console.status("measuring its pages"):
        return page_times(world, database.postmaster_pid)


def _rounds(bench: Bench, plan: Plan, progress: Progress) -> Rounds:
    measures = bench.measures()
    rounds: Rounds = {name: [] for name in measures}
    task = progress.add_task("measuring", total=plan.rounds * len(measures))
    for _ in range(plan.rounds):
        with bench.database.connect() as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
        for name, measure in measures.items():
            progress.update(task, description=report.HEADINGS[name])
            rounds[name].append(measure(plan.seconds))
            progress.advance(task)
    return rounds


def _at_size(bench: Bench, index: int, plan: Plan) -> Growth:
    growth.seed(bench.database, bench.world, index)
    rows = growth.ledger_rows(bench.database)
    pairs = [(bench.http_batch(plan.seconds), bench.full_batch(plan.seconds)) for _ in range(2)]
    return Growth(
        rows,
        median(product.per_second for product, _reference in pairs),
        median(reference.per_second for _product, reference in pairs),
        growth.history_times(bench.port, bench.world, index),
    )
