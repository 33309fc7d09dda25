"""A Telegram of our own: the Bot API, strict and stateful, with people to play. The standard library only.

In a test::

    site = TelegramSite(is_held=True)              # TelegramSite("telegram.sqlite3") remembers
    with Server({"/telegram": site}) as server:
        ...                                        # TELEGRAM_API_URL = f"{server.url}/telegram"

`TelegramSite` gives:

- people: `person("Anna", language="ru")` answers the number of a new chat; `open_link(deep link, chat)`,
  `write(chat, text)` and `block(chat)` answer the number of the update that follows; `forget(chat)` ("chat not found"),
  `delete(chat)` (who has left Telegram);
- state: `messages(chat)` that the bot sent, `waiting()` updates, `webhook()`, `api.calls` (every method asked, with its
  parameters) and `api.refused` (every description that was answered instead of a result);
- updates: posted by themselves, or with `is_held` by the test: `prepared(update, secret=…)`, then
  `taken(update, status, body)`; `courier.drain()` waits until all were taken;
- what goes wrong: `fail_next("sendMessage", mode, times=…)` with the modes of `tests.fakes.stripe.faults`; `429` names
  `retry_after` and refuses everything until then; another `token` is a bot that was revoked;
- time: `clock`, a function that returns seconds.
"""

from __future__ import annotations

from tests.fakes.telegram.site import TelegramSite

__all__ = ["TelegramSite"]
