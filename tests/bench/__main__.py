"""`python -m tests.bench [--quick] [--large] [--json FILE] [--profile]`.

The default run takes less than six minutes on two cores, `--quick` less than ninety seconds. Exit code 0 whatever was
reached: the figures are for people, and a busy machine is no fault of the code.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import Progress

from tests.bench import references, report, verdict
from tests.bench.server import Database, settings_of, temporary_database
from tests.bench.verdict import Growth, Rounds


@dataclass(frozen=True)
class Plan:
    """How long to measure: rounds of so many seconds per figure, at so many of the ledger's sizes."""

    rounds: int
    seconds: float
    sizes: int


QUICK, DEFAULT, LARGE = Plan(2, 1, 0), Plan(5, 3, 2), Plan(5, 3, 3)


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="short rounds, one size of the ledger")
    length.add_argument("--large", action="store_true", help="also at ten million ledger rows")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument("--profile", action="store_true", help="only say where the time of a charge goes")
    options = parser.parse_args()
    if options.json and not options.json.resolve().parent.is_dir():
        print(f"bench: no such folder: {options.json.resolve().parent}", file=sys.stderr)
        return 2
    plan = QUICK if options.quick else LARGE if options.large else DEFAULT
    console = Console()
    with temporary_database() as database:
        _prepare(database)
        if options.profile:
            from tests.bench.profiling import show_profile
            from tests.bench.world import make_world

            show_profile(console, make_world())
            return 0
        rounds, grown, targets = _measure(database, plan, console)
        settings = settings_of(database)
        report.show(console, rounds, grown, targets)
        if options.json:
            report.write_json(options.json, settings, rounds, grown, targets)
    return 0


def _prepare(database: Database) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["LOG_LEVEL"] = "WARNING"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    references.prepare(database)


def _measure(database: Database, plan: Plan, console: Console) -> tuple[Rounds, list[Growth], list[verdict.Target]]:
    from tests.bench.inprocess import charge_processes
    from tests.bench.measure import Bench
    from tests.bench.warm_up import warm_up
    from tests.bench.web import web_server
    from tests.bench.world import make_world

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
    return rounds, grown, targets + verdict.growth_targets(grown)


def _rounds(bench: object, plan: Plan, progress: Progress) -> Rounds:
    from tests.bench.measure import Bench

    assert isinstance(bench, Bench)
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


def _at_size(bench: object, index: int, plan: Plan) -> Growth:
    from tests.bench import growth
    from tests.bench.measure import Bench

    assert isinstance(bench, Bench)
    growth.seed(bench.database, bench.world, index)
    rows = growth.ledger_rows(bench.database)
    pairs = [(bench.http_batch(plan.seconds), bench.full_batch(plan.seconds)) for _ in range(2)]
    return Growth(
        rows,
        median(product.per_second for product, _reference in pairs),
        median(reference.per_second for _product, reference in pairs),
        growth.history_times(bench.port, bench.world, index),
    )


if __name__ == "__main__":
    sys.exit(main())
