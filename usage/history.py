"""What is recorded of prices, and of charges that are taken back."""

from __future__ import annotations

from organizations.history.tracking import track
from usage import models


def declare() -> None:
    """Say it once, when the app is ready."""
    track(models.RateCard)
    track(models.RateCardVersion)
    track(models.Rate, part_of=(models.RateCardVersion, "version_id"))
    track(models.FreeRule, part_of=(models.RateCardVersion, "version_id"))
    # Every call adds a row, which is its own record; what may change of it later is recorded.
    track(models.UsageEvent, only=("status", "voided_at", "void_reason"))
