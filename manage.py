#!/usr/bin/env python
"""Django's command line. Without DATABASE_URL it attaches to the embedded PostgreSQL, starting it if need be."""

import os
import sys
from contextlib import nullcontext

NAMELESS = ("migrate", "serve", "runserver", "shell", "dbshell")  # they do others' work, or a person's without a name


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from config.embedded import EmbeddedDatabaseError
    from organizations.history.attribution import acting

    command = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        with nullcontext() if command in NAMELESS else acting(source="command", doing=command):
            execute_from_command_line(sys.argv)
    except (EmbeddedDatabaseError, ImproperlyConfigured) as error:
        sys.exit(f"manage.py: {error}")


if __name__ == "__main__":
    main()
