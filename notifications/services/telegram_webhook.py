"""Telling Telegram where its updates go; again changes nothing."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from notifications.channels import bot_api
from notifications.services.telegram_updates import ALLOWED


class WrongBotError(Exception):
    """The token belongs to a bot of another name."""


def register_webhook(site: str) -> str:
    """Have updates sent to the site at this address; returns where. Raises WrongBotError and `bot_api`'s errors."""
    name = bot_api.ask("getMe")["username"]
    if name.lower() != settings.TELEGRAM_BOT_NAME.lower():
        raise WrongBotError(f"The token is that of @{name}, but TELEGRAM_BOT_NAME is {settings.TELEGRAM_BOT_NAME}.")
    url = site.rstrip("/") + reverse("telegram_update")
    bot_api.ask("setWebhook", url=url, secret_token=settings.TELEGRAM_WEBHOOK_SECRET, allowed_updates=ALLOWED)
    return url


def faults() -> list[str]:
    """What Telegram says is wrong with the webhook as it was, in words for an operator. Raises `bot_api`'s errors."""
    told = bot_api.ask("getWebhookInfo")
    waiting, error = told.get("pending_update_count", 0), told.get("last_error_message", "")
    return [f"Updates wait for the webhook: {waiting}. The last one failed: {error}"] if waiting and error else []
