"""The app of messages and sweeps."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class NotificationsConfig(AppConfig):
    """After each migration the scheduled sweeps are expected to run."""

    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to Django's own signal: migrating is when an installation learns of its sweeps."""
        from notifications import history

        history.declare()
        post_migrate.connect(_expect_sweeps, sender=self)


def _expect_sweeps(using: str, **_: Any) -> None:
    from notifications.services.sweeps import expect

    if using == "default":
        expect()
