"""`telegram`: a running stand-in of Telegram wired into the settings, whose updates wait until a test delivers them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.http import Server
from tests.fakes.telegram import TelegramSite

if TYPE_CHECKING:
    from organizations.models import Account, User

SECRET = "the-secret-of-the-webhook"
PATH = "/billing/webhooks/telegram/"


@dataclass
class TelegramWorld:
    """A Telegram that holds its updates back until the test delivers them."""

    site: TelegramSite

    def deliver(self, number: int, *, secret: str | None = None, times: int = 1) -> int:
        """Post an update through Django's test client; the last answer's status. The bot's answer reaches the chat."""
        for _ in range(times):
            prepared = self.site.prepared(number, secret=secret)
            status, body = self.post(prepared.body, prepared.headers)
            self.site.taken(number, status, body)
        return status

    def post(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Post anything to our address; the answer's status and body."""
        from django.test import Client

        client = Client(raise_request_exception=False, enforce_csrf_checks=True)
        told = {name: value for name, value in headers.items() if name != "Content-Type"}
        answer = client.post(PATH, data=body, content_type="application/json", headers=told)
        return answer.status_code, answer.content

    def link(self, account: Account, user: User, chat: int | None = None) -> int:
        """The member links this chat, or a new one; its number."""
        from notifications.services.telegram import start_linking

        chat = chat or self.site.person(user.name or "Anna", language=user.language or "en")
        assert self.deliver(self.site.open_link(start_linking(account=account, user=user), chat)) == 200
        return chat

    def said(self, chat: int) -> list[str]:
        """What the bot said in a chat."""
        return [said.text for said in self.site.messages(chat)]


@pytest.fixture
def telegram(db: None, settings: Any) -> Iterator[TelegramWorld]:
    """A running stand-in, as a real bot's Telegram would be."""
    site = TelegramSite(is_held=True)
    with Server({"/telegram": site}) as server:
        settings.TELEGRAM_BOT_TOKEN, settings.TELEGRAM_BOT_NAME = site.token, site.name
        settings.TELEGRAM_WEBHOOK_SECRET = SECRET
        settings.TELEGRAM_API_URL = f"{server.url}/telegram"
        settings.TELEGRAM_LINK_URL = "https://t.me"
        from notifications.services.telegram_webhook import register_webhook

        register_webhook("http://testserver")
        yield TelegramWorld(site)
