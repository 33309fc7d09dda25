#!/usr/bin/env python
"""Django's command line. Without DATABASE_URL it attaches to the embedded PostgreSQL, starting it if need be."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from config.embedded import EmbeddedDatabaseError

    try:
        execute_from_command_line(sys.argv)
    except (EmbeddedDatabaseError, ImproperlyConfigured) as error:
        sys.exit(f"manage.py: {error}")


if __name__ == "__main__":
    main()
