"""`manage.py serve`: the whole system on this machine, which is what `make run` does.

Migrates, loads the products (and in development the demo customers) once, then runs web, worker and beat until
Ctrl-C. Starting again changes nothing. In production it serves too, but makes no demo people and prints no key.
"""

from __future__ import annotations

import os
import socket
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from billing.providers.stripe.endpoint import register_endpoint
from config import stand_ins, supervisor, welcome
from notifications.services.telegram_webhook import register_webhook
from organizations.management.operator import OperatorCommand
from organizations.models import Account, Product


class Command(OperatorCommand):
    """Exit code 0 after Ctrl-C or SIGTERM; 1 when a process ended by itself, or the address is taken."""

    help = "Run web, worker and beat on this machine, with the embedded PostgreSQL unless DATABASE_URL is set."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=os.environ.get("PORT", "8000"), help="Default: PORT or 8000.")

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        """Raises CommandError for an address that cannot be listened on and when a process fails."""
        require_free(host, port, "PORT")
        if stand_ins.are_used():
            require_free("127.0.0.1", settings.STAND_IN_PORT, "STAND_IN_PORT")
        self._prepare()
        environment = {"DATABASE_URL": settings.DATABASE_URL, "PORT": str(port), "PYTHONUNBUFFERED": "1"}
        environment["STAND_IN_PORT"] = str(settings.STAND_IN_PORT)
        connections.close_all()  # processes are forked from here on
        failure = supervisor.run(host, port, environment, lambda: self._announce(f"http://{host}:{port}"))
        if failure:
            raise CommandError(failure)
        self.stdout.write("Stopped.")

    def _prepare(self) -> None:
        """The database and its first rows; nothing that is there already is touched."""
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Migrating the database …")
            call_command("migrate", verbosity=0, interactive=False)
        if settings.PRODUCTION:
            call_command("collectstatic", verbosity=0, interactive=False)
            if not Product.objects.exists():
                call_command("load_products", stdout=self.stdout)
            return
        if not Account.objects.exists():
            self.stdout.write("Loading the products and their demo customers …")
            call_command("load_products", demo=True, stdout=self.stdout)
        welcome.ensure_staff()

    def _announce(self, address: str) -> None:
        """From a thread, so that the supervisor goes on printing what the processes say while they come up."""
        threading.Thread(target=self._say_when_up, args=[address], daemon=True).start()

    def _say_when_up(self, address: str) -> None:
        if welcome.wait_until_up(address):
            if settings.STRIPE_IS_STAND_IN and welcome.wait_until_up(stand_ins.address(), "/"):
                register_endpoint(address)
            if settings.TELEGRAM_IS_STAND_IN and welcome.wait_until_up(stand_ins.address(), "/"):
                register_webhook(address)
            text = f"Serving {address}" if settings.PRODUCTION else welcome.message(address)
            connections.close_all()
            self.stdout.write(f"{text}\nReady. Ctrl-C stops everything.")
            self.stdout.flush()  # nothing else may be said for hours


def require_free(host: str, port: int, variable: str) -> None:
    """Raises CommandError, which names the environment's variable, unless the address can be listened on."""
    try:
        with socket.create_server((host, port)):
            pass
    except (OSError, OverflowError) as error:
        why = os.strerror(error.errno or 0) if isinstance(error, OSError) else "ports go up to 65535"
        raise CommandError(f"Cannot listen on {host}:{port}: {why}. Set {variable} to another one.") from None
