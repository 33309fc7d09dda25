"""`manage.py sign_chain_heads [--to DIR] [--all]`: the signed heads of the ledger's chains, to be kept elsewhere."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from billing.models import SignedDay
from billing.services.exports.heads import HeadsChangedError, sign_day, write_files
from billing.services.exports.signing import KeyUnusableError
from organizations.management.operator import OperatorCommand, mistake


class Command(OperatorCommand):
    """Signs today's heads unless that is done, and writes files that are not there yet."""

    help = "Signs today's heads of all ledger chains; writes the last day's file and signature, or every day's."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, and which days."""
        parser.add_argument(
            "--to", type=Path, metavar="DIR", help="A folder, such as a mounted disk of somebody else's."
        )
        parser.add_argument("--all", action="store_true", help="Every day, not the last one only.")

    def handle(self, *, to: Path | None, **options: Any) -> None:
        """Raises CommandError when the key cannot be opened, the folder is none, or a signed day has changed."""
        if to is not None and not to.is_dir():
            raise mistake(f"to: {to} is no folder.")
        try:
            is_new = sign_day()
            days = SignedDay.objects.order_by("-day")
            written = write_files(days if options["all"] else days[:1], to) if to is not None else 0
        except (KeyUnusableError, HeadsChangedError) as error:
            raise mistake(str(error)) from None
        self.stdout.write("Today's heads are signed." if is_new else "Today's heads were signed before.")
        if to is not None:
            self.stdout.write(f"{written} new {'file' if written == 1 else 'files'} in {to}.")
