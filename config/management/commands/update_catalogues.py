"""`manage.py update_catalogues`: bring the catalogues of translations to what the sources say; `--check` only looks."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.catalogues.faults import catalogue_faults
from config.catalogues.files import catalogue_path, read_catalogue, translated_languages, updated, write_catalogue
from config.catalogues.sources import source_texts


class Command(BaseCommand):
    """Exit code 0 when all catalogues are whole, 1 when something wants a translator; both modes say what."""

    help = "Write new texts into the catalogues, drop unused ones, and list what wants a translation."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether files are written."""
        parser.add_argument("--check", action="store_true", help="Change nothing, only list what is wrong.")

    def handle(self, *, check: bool, **options: Any) -> None:
        """Raises CommandError, with a line for each fault, when a catalogue is not whole."""
        sources = source_texts()
        found = []
        for language in translated_languages():
            path = catalogue_path(language)
            catalog = read_catalogue(path, language)
            if not check:
                catalog = updated(catalog, sources, language)
                write_catalogue(path, catalog)
            found += [f"{language}: {fault}" for fault in catalogue_faults(catalog, sources)]
        if found:
            raise CommandError("\n".join([*found, f"{len(found)} texts want a translator."]), returncode=1)
