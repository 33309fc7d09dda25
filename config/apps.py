"""The project itself as an app: it holds the commands that run it, and refuses to start insecurely."""

from __future__ import annotations

import sys

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Ready in every process, before it serves, works or runs a command."""

    name = "config"

    def ready(self) -> None:
        """Raises ImproperlyConfigured for an insecure production setting."""
        from config.checks import refuse_insecure

        refuse_insecure(sys.modules["config.settings"])
