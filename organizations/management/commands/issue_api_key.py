"""`manage.py issue_api_key --service <slug> --scopes authorize,usage,read,manage`: a key, alone on standard output."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from organizations.management.operator import OperatorCommand, mistake, moment
from organizations.models import Scope, Service
from organizations.services.keys import issue_key


class Command(OperatorCommand):
    """Prints the key and a line end, nothing else, so that a script can keep it."""

    help = "Issue an API key to a service. It is printed once and cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose key, and what it may do."""
        parser.add_argument("--service", required=True, metavar="SLUG")
        parser.add_argument("--scopes", required=True, help=f"Comma-separated: {','.join(Scope.values)}.")
        parser.add_argument("--name", default="Issued by command", help="What staff know it by.")
        parser.add_argument("--expires", type=moment, metavar="WHEN", help="A day or a moment. Default: never.")

    def handle(self, *, service: str, scopes: str, name: str, expires: datetime | None, **options: Any) -> None:
        """Raises CommandError (exit code 2) for an unknown service and whatever `issue_key` refuses."""
        found = Service.objects.filter(slug=service).first()
        if found is None:
            known = ", ".join(Service.objects.values_list("slug", flat=True)) or "none yet, run load_products"
            raise mistake(f"service: {service!r} is unknown. Services: {known}.")
        wanted = [scope.strip() for scope in scopes.split(",")] if scopes.strip() else []
        _, key = issue_key(service=found, scopes=wanted, name=name, expires_at=expires)
        self.stdout.write(key)
