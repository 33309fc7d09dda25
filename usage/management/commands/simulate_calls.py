"""`manage.py simulate_calls --product <slug> --rate <calls a second> --duration <seconds>`: a service's traffic."""

from __future__ import annotations

import asyncio
import math
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from random import Random
from typing import IO, Any, cast
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from organizations.management.operator import OperatorCommand, mistake
from organizations.models import Account, Product
from usage.simulation import access, tally
from usage.simulation.calls import SimulatedCall, calls
from usage.simulation.tally import Tally
from usage.simulation.traffic import TIMEOUT_SECONDS, Load, Traffic

RATE_MAX, DURATION_MAX, CONCURRENCY_MAX = 10_000, 86_400, 1_000


def number(most: float) -> Callable[[str], float]:
    """An argument above zero and up to `most`."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 < value <= most:
            raise ArgumentTypeError(f"{text!r} is no number above 0 and up to {most:g}.")
        return value

    return parse


def whole(text: str) -> int:
    """An argument from 1 to the most calls at once."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= CONCURRENCY_MAX):
        raise ArgumentTypeError(f"{text!r} is no whole number from 1 to {CONCURRENCY_MAX}.")
    return int(text)


def address(text: str) -> str:
    """An http or https address with a host."""
    try:
        parts = urlsplit(text)
        is_fit = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_fit = False
    if not is_fit:
        raise ArgumentTypeError(f"{text!r} is no address such as http://127.0.0.1:8000.")
    return text.rstrip("/")


class Command(OperatorCommand):
    """Bounded by its duration; Ctrl-C ends it earlier, with the summary of what was done."""

    help = "Send realistic call traffic over the REST API and sum up latencies, denials and money."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose calls, how many, and where to."""
        parser.add_argument("--product", required=True, metavar="SLUG")
        parser.add_argument("--rate", required=True, type=number(RATE_MAX), help="Calls a second, on average.")
        parser.add_argument("--duration", required=True, type=number(DURATION_MAX), help="Seconds.")
        parser.add_argument("--concurrency", type=whole, default=50, help="Most calls at one time. Default: 50.")
        parser.add_argument("--base-url", type=address, default=settings.SITE_URL, metavar="URL")
        parser.add_argument("--key", help="An API key. Default: a temporary one, revoked at the end.")
        parser.add_argument("--account", help="The account's identifier. Default: the product's demo accounts.")

    def handle(self, *, product: str, key: str | None, account: str | None, **options: Any) -> None:
        """Raises CommandError: exit code 2 for arguments that do not fit, 1 when the server cannot be reached."""
        sold = Product.objects.filter(slug=product).first()
        if sold is None:
            known = ", ".join(Product.objects.values_list("slug", flat=True)) or "none yet, run load_products"
            raise mistake(f"product: {product!r} is unknown. Products: {known}.")
        load = Load(options["rate"], options["duration"], options["concurrency"])
        accounts = access.find_accounts(sold, account)
        with ExitStack() as stack:
            used = key or stack.enter_context(access.temporary_key(sold, load.duration_seconds))
            connection = {
                "base_url": f"{options['base_url']}/api/v1/",
                "headers": {"Authorization": f"Bearer {used}"},
                "timeout": TIMEOUT_SECONDS,
            }
            try:
                self._run(connection, accounts, load)
            except access.ServerUnreachable as error:
                raise CommandError(str(error), returncode=1) from None

    def _run(self, connection: dict[str, Any], accounts: list[Account], load: Load) -> None:
        console = Console(file=cast("IO[str]", self.stdout))
        seen = Tally()
        rng = Random()
        upcoming = calls(accounts, rng)
        with httpx.Client(**connection) as client:
            before = access.read_balances(client, accounts)
            try:
                asyncio.run(self._send(connection, load, console, seen, upcoming, rng))
            except KeyboardInterrupt:
                console.print("Interrupted. So far:")
            access.release(client, sorted(seen.in_progress))
            try:
                after = access.read_balances(client, accounts)
            except access.ServerUnreachable:
                after = {}
        tally.show(console, seen, before, after)

    async def _send(
        self,
        connection: dict[str, Any],
        load: Load,
        console: Console,
        seen: Tally,
        upcoming: Iterator[SimulatedCall],
        rng: Random,
    ) -> None:
        limits = httpx.Limits(max_connections=load.concurrency, max_keepalive_connections=load.concurrency)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("calls", total=load.duration_seconds)

            def advance(seconds: float) -> None:
                progress.update(task, completed=seconds, description=f"{seen.calls['started']:,} calls")

            async with httpx.AsyncClient(**connection, limits=limits) as client:
                await Traffic(client, upcoming, seen, rng).run(load, advance)
