"""Telegram from end to end over HTTP: a link opened, the webhook called, alerts that arrive, the bot blocked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from notifications.models import Event, TelegramLink
from notifications.selectors.telegram import last_link
from notifications.services import telegram_updates
from notifications.services.deliveries import send_due
from notifications.services.fan_out import expand_due
from notifications.services.notices import Told, tell
from notifications.services.telegram import start_linking
from notifications.services.telegram_webhook import register_webhook
from organizations.models import Account
from tests.factories import make_member
from tests.notifications.telegram import TelegramWorld

pytestmark = pytest.mark.django_db(transaction=True)


def test_from_the_deep_link_to_a_blocked_bot(
    telegram: TelegramWorld, live_server: Any, make_account: Callable[..., Account], settings: Any
) -> None:
    account = make_account("aipbx", external_id="acme")
    anna = make_member(account, name="Anna", language="ru")
    register_webhook(live_server.url)
    telegram.site.courier.hold(False)
    chat = telegram.site.person("Anna")
    telegram.site.open_link(start_linking(account=account, user=anna), chat)
    assert telegram.site.courier.drain()
    assert len(telegram.said(chat)) == 1
    tell(Told(account.pk, Event.TEST, "test:1", facts={"user": str(anna.pk)}))
    expand_due()
    assert send_due("telegram") == 1
    assert "Acme · AI PBX" in telegram.said(chat)[1]
    telegram.site.block(chat)
    assert telegram.site.courier.drain()
    link = last_link(account=account, user=anna)
    assert link is not None
    assert (link.is_linked, link.ended_reason) == (False, "blocked")
    assert telegram.site.webhook().last_error == ""


def test_an_update_that_fails_here_comes_again(
    telegram: TelegramWorld, live_server: Any, make_account: Callable[..., Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_account("aipbx", external_id="acme")
    anna = make_member(account)
    real, failures = telegram_updates.link_chat, ["the database has gone away", "and again"]

    def fails_after_the_work(**given: Any) -> TelegramLink:
        link = real(**given)
        if failures:
            raise OSError(failures.pop())
        return link

    monkeypatch.setattr(telegram_updates, "link_chat", fails_after_the_work)
    register_webhook(live_server.url)
    telegram.site.courier.hold(False)
    chat = telegram.site.person("Anna")
    telegram.site.open_link(start_linking(account=account, user=anna), chat)
    assert telegram.site.courier.drain()
    assert telegram.site.webhook().last_error == "Wrong response from the webhook: 500"
    (said,) = telegram.said(chat)
    assert said.startswith("Linked to Acme (AI PBX).")
    assert TelegramLink.objects.get().chat_id == chat
