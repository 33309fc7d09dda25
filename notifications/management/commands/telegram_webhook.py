"""`manage.py telegram_webhook`: tell Telegram where to send what people write to the bot."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from notifications.channels import bot_api
from notifications.services.telegram_webhook import WrongBotError, faults, register_webhook
from organizations.management.operator import OperatorCommand, mistake


class Command(OperatorCommand):
    """Prints the address, and on standard error what Telegram says was wrong; a second run changes nothing."""

    help = "Registers the bot's webhook at Telegram and prints its address."

    def add_arguments(self, parser: CommandParser) -> None:
        """The site's address."""
        parser.add_argument("--url", default=settings.SITE_URL, help="The site's address. Default: SITE_URL.")

    def handle(self, *, url: str, **options: Any) -> None:
        """Raises CommandError, exit code 2, when Telegram refuses or something is not set."""
        if not url.startswith(("http://", "https://")):
            raise mistake("--url is the site's address, such as https://billing.example.com.")
        if not (bot_api.is_set_up() and settings.TELEGRAM_WEBHOOK_SECRET):
            names = "TELEGRAM_BOT_TOKEN, TELEGRAM_BOT_NAME or TELEGRAM_WEBHOOK_SECRET"
            raise mistake(f"Telegram is not set up: {names} is missing.")
        try:
            wrong, address = faults(), register_webhook(url)
        except (bot_api.RefusedError, bot_api.NoAnswerError, WrongBotError) as error:
            raise mistake(f"No webhook was registered: {error}") from None
        self.stdout.write(address)
        for fault in wrong:
            self.stderr.write(fault)
