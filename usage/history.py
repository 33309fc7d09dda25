"""What is recorded of prices, and of charges that are taken back."""

from __future__ import annotations

from organizations.history.tracking import track
from usage import models

CORRECTED = ("status", "voided_at", "void_reason", "account_id", "version_id", "total", "cost", "outcome")


def declare() -> None:
    """Say it once, when the app is ready."""
    track(models.RateCard)
    track(models.RateCardVersion)
    track(models.Rate, part_of=(models.RateCardVersion, "version_id"))
    track(models.FreeRule, part_of=(models.RateCardVersion, "version_id"))
    track(models.BlockedCaller)
    # Jobs: who decided what about them. How far they are is their own business.
    track(models.Rerating, only=("state", "confirmed_by_id", "confirmed_at"))
    track(models.WhatIfRun, only=("status",))
    # Every call adds a row, which is its own record; what may change of it later is recorded.
    track(models.UsageEvent, only=CORRECTED)
