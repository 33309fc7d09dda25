"""The project itself as an app: it holds its commands and translations, and refuses to start insecurely."""

from __future__ import annotations

import sys

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Ready in every process, before it serves, works or runs a command."""

    name = "config"

    def ready(self) -> None:
        """Compile translations that have changed. Raises ImproperlyConfigured for an insecure production setting."""
        from config.catalogues.files import compile_catalogues
        from config.checks import refuse_insecure

        settings = sys.modules["config.settings"]
        refuse_insecure(settings)
        compile_catalogues(settings.LOCALE_PATHS[0])
