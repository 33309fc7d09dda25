"""The project itself as an app: it holds its commands and translations, and refuses to start insecurely."""

from __future__ import annotations

import sys

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ConfigConfig(AppConfig):
    """Ready in every process, before it serves, works or runs a command."""

    name = "config"

    def ready(self) -> None:
        """Compile changed translations, keep roles true. Raises ImproperlyConfigured for an insecure production."""
        from billing.verification.registry import register
        from config import history
        from config.catalogues.files import compile_catalogues
        from config.checks import refuse_insecure
        from config.roles import make_true
        from organizations.history import triggers

        settings = sys.modules["config.settings"]
        refuse_insecure(settings)
        compile_catalogues(settings.LOCALE_PATHS[0])
        history.declare()
        triggers.register()
        register([history.everything_is_recorded()])
        post_migrate.connect(make_true, dispatch_uid="roles")
