"""`manage.py stripe_webhook_endpoint`: tell Stripe where to send its events, or know an address here only."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from billing.providers.base import ProviderError
from billing.providers.stripe import client
from billing.providers.stripe.endpoint import ensure_local_endpoint, register_endpoint
from organizations.management.operator import OperatorCommand, mistake


class Command(OperatorCommand):
    """Prints the endpoint's address; a second run finds the same endpoint."""

    help = "Registers the webhook endpoint at Stripe, or with --local here only, and prints its address."

    def add_arguments(self, parser: CommandParser) -> None:
        """The site's address and where it becomes known."""
        parser.add_argument("--url", default=settings.SITE_URL, help="The site's address. Default: SITE_URL.")
        parser.add_argument(
            "--local",
            action="store_true",
            help="Only here, with the secret in STRIPE_WEBHOOK_SECRET: somebody else forwards the events.",
        )

    def handle(self, *, url: str, local: bool, **options: Any) -> None:
        """Raises CommandError, exit code 2, when Stripe refuses or something is not set."""
        if not url.startswith(("http://", "https://")):
            raise mistake("--url is the site's address, such as https://billing.example.com.")
        if not client.api_key() and not local:
            raise mistake("Stripe is not set up: STRIPE_TEST_SECRET_KEY or STRIPE_LIVE_SECRET_KEY is missing.")
        try:
            endpoint = ensure_local_endpoint(url) if local else register_endpoint(url)
        except ProviderError as error:
            raise mistake(f"No endpoint was registered: {error}") from None
        self.stdout.write(str(endpoint.url))
