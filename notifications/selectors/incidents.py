"""The incidents that an account's pages show as banners."""

from __future__ import annotations

from notifications.models import Incident


def open_incidents(account_id: int) -> list[Incident]:
    """What is neither dismissed nor resolved, the newest first."""
    return list(
        Incident.objects.filter(account_id=account_id, dismissed_at__isnull=True, resolved_at__isnull=True).order_by(
            "-id"
        )
    )
