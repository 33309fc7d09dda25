"""Doorbells of the ledger's sweeps."""

from __future__ import annotations

from celery import shared_task

from billing.services import grants, holds
from billing.verification.run import verify_and_record
from notifications.services import sweeps


def _verify() -> int:
    return len(verify_and_record().findings)


sweeps.register("expire_holds", holds.expire_due)
sweeps.register("expire_grants", grants.expire_due)
sweeps.register("reset_allotments", grants.reset_due_allotments)
sweeps.register("verify_ledger", _verify)


@shared_task(name="sweeps.expire_holds")
def expire_holds() -> None:
    """End holds that heard nothing for too long."""
    sweeps.run("expire_holds")


@shared_task(name="sweeps.expire_grants")
def expire_grants() -> None:
    """Withdraw credit whose time is over."""
    sweeps.run("expire_grants")


@shared_task(name="sweeps.reset_allotments")
def reset_allotments() -> None:
    """Start the cycles that are due."""
    sweeps.run("reset_allotments")


@shared_task(name="sweeps.verify_ledger")
def verify_ledger() -> None:
    """Check every invariant and keep the result."""
    sweeps.run("verify_ledger")
