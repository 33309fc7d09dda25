"""`python -m tests.bench [--quick] [--large] [--pages] [--admin | --admin-small] [--json FILE] [--profile]`.

The default run takes less than eight minutes on two cores, `--quick` less than ninety seconds. Exit code 0 whatever was
reached: the figures are for people, and a busy machine is no fault of the code.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from rich.console import Console

from tests.bench import references
from tests.bench.server import Database, settings_of, temporary_database


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="short rounds, one size of the ledger")
    length.add_argument("--large", action="store_true", help="also at ten million ledger rows")
    length.add_argument("--pages", action="store_true", help="only the customer pages, at a million ledger rows")
    length.add_argument("--admin", action="store_true", help="only the back office: a million calls, five million rows")
    length.add_argument("--admin-small", action="store_true", help="the same with a tenth of the rows")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument("--profile", action="store_true", help="only say where the time of a charge goes")
    options = parser.parse_args()
    if options.json and not options.json.resolve().parent.is_dir():
        print(f"bench: no such folder: {options.json.resolve().parent}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that everything is taken away
    console = Console()
    with temporary_database() as database:
        _prepare(database)
        if options.profile:
            from tests.bench.profiling import show_profile
            from tests.bench.world import make_world

            show_profile(console, make_world())
            return 0
        if options.admin or options.admin_small:
            from tests.bench.admin import measure_admin

            measure_admin(database, console, is_small=options.admin_small)
            return 0
        from tests.bench import report
        from tests.bench.run import Found, Plan, measure_all, measure_pages

        found, pages = Found({}, [], []), []
        if not options.pages:
            plan = Plan(2, 1, 0) if options.quick else Plan(5, 3, 3 if options.large else 2)
            found = measure_all(database, plan, console)
            report.show(console, found.rounds, found.grown, found.targets)
        if not options.quick:
            pages = measure_pages(database, console)
            report.show_pages(console, pages)
        if options.json:
            settings = settings_of(database)
            report.write_json(options.json, settings, found.rounds, found.grown, found.targets, pages)
    return 0


def _prepare(database: Database) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["LOG_LEVEL"] = "WARNING"
    os.environ["DEBUG"] = "0"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    references.prepare(database)


if __name__ == "__main__":
    sys.exit(main())
