#!/usr/bin/env python
"""Django's command line. Without DATABASE_URL it attaches to the embedded PostgreSQL, starting it if need be."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
