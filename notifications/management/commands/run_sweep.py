"""`manage.py run_sweep <name> | --all`: do now what the schedule would do by itself."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils.module_loading import autodiscover_modules

from notifications.services import sweeps
from organizations.management.operator import OperatorCommand, mistake


class Command(OperatorCommand):
    """Runs sweeps in this process, without a broker; one that another process is at is skipped."""

    help = "Run a periodic sweep now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which sweeps."""
        parser.add_argument("names", nargs="*", metavar="sweep")
        parser.add_argument("--all", action="store_true", help="Every sweep, in order of name.")

    def handle(self, *, names: list[str], all: bool, **options: Any) -> None:
        """Print one line per sweep. An unknown name is exit code 2; a sweep that fails ends the command."""
        autodiscover_modules("tasks")  # where apps register their sweeps
        known = sweeps.names()
        unknown = [name for name in names if name not in known]
        if unknown or bool(names) == all:
            wrong = f"{unknown[0]!r} is no sweep." if unknown else "Name sweeps, or --all."
            raise mistake(f"{wrong} Sweeps: {', '.join(known)}.")
        for name in known if all else names:
            handled = sweeps.run(name)
            self.stdout.write(f"{name}: " + ("running elsewhere" if handled is None else f"{handled} handled"))
