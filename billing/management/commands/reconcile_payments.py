"""`manage.py reconcile_payments [--since DATE]`: do the providers' books and ours agree?"""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError

from billing.models import PaymentDifference
from billing.services.reconciliation import reconcile
from organizations.management.operator import MISTAKE, OperatorCommand, moment


class Command(OperatorCommand):
    """One line for each open difference; exit code 1 when there is any, 2 when a provider could not be asked."""

    help = "Compares every provider's payments, refunds and disputes with the ledger, and settles what was left open."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """From when on."""
        parser.add_argument(
            "--since", type=moment, help="A day or a moment. Default: three days before the last complete run."
        )

    def handle(self, *, since: datetime | None, **options: Any) -> None:
        """Compare, print, and fail on what staff must look at."""
        run = reconcile(since=since)
        for difference in PaymentDifference.objects.filter(closed_at__isnull=True).order_by("pk"):
            self.stdout.write(
                f"{difference.provider}: {difference}; expected: {difference.expected}; found: {difference.found}"
            )
        self.stdout.write(
            f"Compared {run.compared} since {run.since:%Y-%m-%d %H:%M} UTC, settled {run.settled}, "
            f"{run.differences} {'difference' if run.differences == 1 else 'differences'} open."
        )
        if run.error:
            raise CommandError(run.error, returncode=MISTAKE)
        if run.differences:
            raise CommandError("Differences are open: look at them, or explain them in the admin.", returncode=1)
