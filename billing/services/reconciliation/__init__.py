"""Reconciliation: the providers' books against ours. `differences` notes them, `run` looks for them."""

from __future__ import annotations

from datetime import datetime

from billing.models import ReconciliationRun
from billing.services.reconciliation.differences import explain, note_difference

__all__ = ["explain", "note_difference", "reconcile"]


def reconcile(*, since: datetime | None) -> ReconciliationRun:
    """Compare the providers' books with ours, as `billing.services.reconciliation.run` says."""
    # A run settles by the same services that note differences here: it is loaded when there is one.
    from billing.services.reconciliation.run import compare_all

    return compare_all(since=since)
