"""`manage.py verify_ledger`: does the ledger hold every rule it is meant to hold?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.verification.registry import UnknownInvariantError, named
from billing.verification.run import Recording, Result, results


class Command(BaseCommand):
    """Prints each invariant with a tick or its first offending rows; exit code 1 when any is broken.

    A run over all invariants is recorded for staff; one over a few of them is not, as it vouches for those only.
    """

    help = "Checks every invariant of the ledger on one snapshot of the database, while it is in use."

    def add_arguments(self, parser: CommandParser) -> None:
        """The two options."""
        parser.add_argument("--only", action="append", metavar="NAME", help="Check this invariant (may be repeated).")
        parser.add_argument("--list", action="store_true", help="Name the invariants and check nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, print and record."""
        only: list[str] | None = options["only"]
        try:
            chosen = named(only)
        except UnknownInvariantError as error:
            raise CommandError(f"{error} See verify_ledger --list.", returncode=2) from None
        if options["list"]:
            for invariant in chosen:
                self.stdout.write(f"{invariant.name:34} {invariant.rule}")
            return
        recording = Recording()
        for result in recording.watch(results(only)):
            self._print(result)
        if only is None:
            recording.save()
        if recording.findings:
            broken = ", ".join(found.name for found in recording.findings)
            raise CommandError(f"{len(recording.findings)} of {len(chosen)} invariants are broken: {broken}.")
        self.stdout.write(
            self.style.SUCCESS(f"All {len(chosen)} invariants hold: {recording.transactions} transactions.")
        )

    def _print(self, result: Result) -> None:
        mark = self.style.ERROR("✗") if result.rows else self.style.SUCCESS("✓")
        self.stdout.write(f"{mark} {result.invariant.name:34} {result.seconds:7.2f} s  {result.invariant.rule}")
        for row in result.rows:
            self.stdout.write("    " + "  ".join(f"{name}={value}" for name, value in row.items()))
        if result.has_more:
            self.stdout.write("    … and more")
