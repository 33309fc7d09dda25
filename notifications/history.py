"""What is recorded of webhook endpoints and incidents. Messages have their own record of attempts."""

from __future__ import annotations

from notifications import models
from organizations.history.tracking import excuse, track


def declare() -> None:
    """Say it once, when the app is ready."""
    track(
        models.WebhookEndpoint,
        secret=("secret", "previous_secret"),
        ignored=("failing_since", "rests_until"),
    )
    track(models.Incident, only=("dismissed_at", "dismissed_by_id", "resolved_at"))
    excuse(models.Delivery, "Sending it again adds an attempt, which says when and with what outcome.")
    excuse(models.Notice, "Telling it again writes deliveries, which are their own record.")
