"""The stand-in as one site of a server, and everything that a test can order from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.http import Request, Response, Site
from tests.fakes.stripe.faults import Fault, Faults
from tests.fakes.telegram import pages
from tests.fakes.telegram.api import Api, ApiError, as_message
from tests.fakes.telegram.courier import Courier, Outcome, Prepared
from tests.fakes.telegram.store import Person, Said, Store, Waiting, Webhook

TOKEN, NAME = "1000000001:" + "standin" * 5, "StandInBot"
FIRST_CHAT = 7_000_000_001  # past 32 bits, as real ones are


class TelegramSite(Site):
    """A Telegram of one's own. Made for a path of a database file it remembers; without one it lives in memory."""

    def __init__(self, path: str | Path = ":memory:", *, is_held: bool = False) -> None:
        self.token, self.name = TOKEN, NAME
        self.clock: Callable[[], float] = time.time
        self.retry_after = 7
        self.faults = Faults()
        self.store = Store(path)
        self.api = Api(self)
        self.courier = Courier(self.store, self._reply, is_held=is_held)
        self.url = ""

    def start(self, url: str) -> None:
        """The server is up."""
        self.url = url
        self.courier.start()

    def stop(self) -> None:
        """Let go of everything that waits."""
        self.faults.clear()
        self.courier.stop()

    def handle(self, request: Request) -> Response | None:
        """A call of the Bot API, with whatever failure was ordered for it, or a page."""
        if not request.path.startswith("/bot"):
            return pages.answer(self, request)
        fault = self.faults.take(request)
        mode = fault.mode if fault else ""
        if mode == "lost":
            return None
        if fault and mode == "stall":
            fault.wait()
        if mode == "429":
            error = self.api.too_fast(self.retry_after)
            self.api.refused.append(str(error))
            return error.response()
        if mode == "500":
            return Response.html("<h1>Bad Gateway</h1>", 502)
        answer = self.api.answer(request)
        if fault and mode == "hang":
            fault.wait()
        if mode == "500-after":
            return Response.html("<h1>Gateway Timeout</h1>", 504)
        return None if mode == "cut" else answer

    def _reply(self, reply: dict[str, Any]) -> None:
        """A webhook's answer may hold a method; its result is told to nobody."""
        if reply.pop("method", "") == "sendMessage":
            try:
                self.api.check(reply)
                self.api.say(int(reply["chat_id"]), reply)
            except ApiError as error:
                self.api.refused.append(str(error))

    # What people do

    def person(self, first_name: str = "Anna", *, username: str = "", language: str = "en") -> int:
        """Somebody new; returns the number of their chat."""
        chat_id = FIRST_CHAT + len(self.store.people())
        self.store.keep_person(Person(chat_id, first_name, username, language))
        return chat_id

    def open_link(self, url: str, chat_id: int) -> int:
        """Open a deep link and press Start; returns the update's number."""
        parts = urlsplit(url)
        assert parts.path.rstrip("/").rpartition("/")[2] == self.name, "a link to another bot"
        (token,) = parse_qs(parts.query)["start"]
        return self.write(chat_id, f"/start {token}")

    def write(self, chat_id: int, text: str) -> int:
        """Write to the bot, which ends a block; returns the update's number."""
        person = self._someone(chat_id)
        person.has_started, person.has_blocked = True, False
        self.store.keep_person(person)
        said = self.store.say(chat_id, self.clock(), {"text": text}, is_bots=False)
        sender = {"id": chat_id, "is_bot": False, "first_name": person.first_name, "language_code": person.language}
        return self._tell("message", as_message(said, person) | {"from": sender})

    def block(self, chat_id: int) -> int:
        """Block the bot; returns the update's number."""
        person = self._someone(chat_id)
        person.has_blocked = True
        self.store.keep_person(person)
        chat = {"id": chat_id, "type": "private", "first_name": person.first_name}
        change = {"date": int(self.clock()), "chat": chat, "new_chat_member": {"status": "kicked"}}
        return self._tell("my_chat_member", change)

    def forget(self, chat_id: int) -> None:
        """The chat is not found any more."""
        person = self._someone(chat_id)
        person.has_started = False
        self.store.keep_person(person)

    def delete(self, chat_id: int) -> None:
        """The person has left Telegram."""
        person = self._someone(chat_id)
        person.is_deleted = True
        self.store.keep_person(person)

    def _someone(self, chat_id: int) -> Person:
        person = self.store.person(chat_id)
        if person is None:
            raise KeyError(chat_id)
        return person

    def _tell(self, kind: str, body: dict[str, Any]) -> int:
        number = self.store.add_update({kind: body})
        self.courier.wake()
        return number

    # What is there

    def messages(self, chat_id: int) -> list[Said]:
        """What the bot said in a chat, oldest first."""
        return [said for said in self.store.messages(chat_id) if said.is_bots]

    def waiting(self) -> list[Waiting]:
        """Updates that the bot has not taken."""
        return self.store.waiting()

    def webhook(self) -> Webhook:
        """Where updates go."""
        return self.store.webhook()

    # Updates

    def prepared(self, number: int, *, secret: str | None = None) -> Prepared:
        """An update to be posted by the test; with another secret it is forged."""
        return self.courier.prepared(number, secret=secret)

    def taken(self, number: int, status: int, body: bytes) -> None:
        """The test has posted an update, and this was the answer."""
        self.courier.record(Outcome(number, status, body))

    # What goes wrong

    def fail_next(self, method: str, mode: str, *, times: int = 1) -> Fault:
        """Fail the next calls of a method, by the modes of `tests.fakes.stripe.faults`; 429 names `retry_after`."""
        return self.faults.add(f"/bot*/{method}", mode, times=times)
