"""Days that were summed up, for the back office's list."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from billing.services.ledger_days import take_days


def report_rows() -> None:
    """One day of every wallet that has moved: today, as if it were over."""
    take_days(before=timezone.now().date() + timedelta(days=1))
