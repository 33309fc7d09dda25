"""`manage.py load_products [--demo] [slug …]`: bring the products to what their files say."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from usage.services.demo.accounts import load_demo_accounts
from usage.services.products.files import product_slugs, read_product
from usage.services.products.load import load_product
from usage.services.products.load_money import load_taxes
from usage.services.products.tables import ProductFileError
from usage.services.products.tax_table import read_taxes


class Command(BaseCommand):
    """All files are read and written in one transaction: either every product named is loaded or none."""

    help = "Load products, terms and rate cards from config/products, taxes from config/taxes.toml. Twice is as once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which products, and whether with demo customers."""
        parser.add_argument("slugs", nargs="*", metavar="product", help="Which products. Default: all.")
        parser.add_argument("--demo", action="store_true", help="Also create the demo customers (development only).")

    def handle(self, *, slugs: list[str], demo: bool, **options: Any) -> None:
        """Print one line per product; a mistake is one line on standard error and exit code 2."""
        try:
            with transaction.atomic():
                load_taxes(read_taxes())
                for slug in slugs or product_slugs():
                    self._load(slug, demo)
        except (ProductFileError, ImproperlyConfigured) as error:
            raise CommandError(str(error), returncode=2) from None

    def _load(self, slug: str, demo: bool) -> None:
        file = read_product(slug)
        loaded = load_product(file=file)
        line = f"{slug}: {loaded.change}, rate card version {loaded.version.number}"
        if demo:
            made = load_demo_accounts(product=loaded.product, file=file)
            line += f", demo customers: {len(file.demo_accounts)}" + (f" ({made} new)" if made else "")
        self.stdout.write(line)
