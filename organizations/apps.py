"""The app of people, customers and products, and of the history of everything."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class OrganizationsConfig(AppConfig):
    """After each migration the triggers that record changes stand."""

    name = "organizations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to Django's own signal: what is recorded is known once every app is ready."""
        from organizations import signing_in, viewing
        from organizations.history import own, triggers

        own.declare()
        viewing.watch_sign_outs()
        signing_in.watch()
        post_migrate.connect(triggers.install, sender=self)
