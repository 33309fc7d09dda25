"""Updates on their way to the webhook: in order, with its secret, repeated until they are answered by 2xx.

`auto` posts from a thread of its own, `held` waits for a test. An answer may hold a method, which is then carried out.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.telegram.store import Store

PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
TIMEOUT_SECONDS = 30.0
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Prepared:
    """One update, ready to be posted."""

    id: int
    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What was answered: status 0 if nothing."""

    id: int
    status: int
    body: bytes


def post(prepared: Prepared) -> Outcome:
    """Send one update and read the answer."""
    request = urllib.request.Request(prepared.url, prepared.body, prepared.headers, method="POST")
    try:
        with DIRECT.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return Outcome(prepared.id, answer.status, answer.read())
    except urllib.error.HTTPError as error:
        return Outcome(prepared.id, error.code, error.read())
    except (OSError, ValueError) as error:
        return Outcome(prepared.id, 0, str(error).encode())


class Courier:
    """Sends what was written into `updates`; `on_reply` is given what an answer holds."""

    def __init__(self, store: Store, on_reply: Callable[[dict[str, Any]], None], *, is_held: bool) -> None:
        self._store = store
        self._on_reply = on_reply
        self._is_held = is_held
        self._news = threading.Condition()
        self._ending = False

    def start(self) -> None:
        """Begin to send."""
        self._ending = False
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Send no more; what is open stays written."""
        self._ending = True
        self.wake()

    def hold(self, is_held: bool) -> None:
        """Send nothing by itself, or all that waits and comes."""
        self._is_held = is_held
        self.wake()

    def wake(self) -> None:
        """There may be something to send, or something was sent."""
        with self._news:
            self._news.notify_all()

    def drain(self, timeout: float = 30.0) -> bool:
        """Wait until everything was taken; False if it was not in time."""
        with self._news:
            return self._news.wait_for(lambda: not self._store.waiting(), timeout)

    def prepared(self, number: int, *, secret: str | None = None) -> Prepared:
        """An update as it would be posted; another secret is a forgery. Raises KeyError."""
        webhook = self._store.webhook()
        headers = {"Content-Type": "application/json"}
        if given := webhook.secret if secret is None else secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = given
        return Prepared(number, webhook.url, json.dumps(self._store.update(number)).encode(), headers)

    def record(self, outcome: Outcome) -> None:
        """Note what the webhook answered, and do what it asks for."""
        is_taken = 200 <= outcome.status < 300
        attempts = next((each.attempts for each in self._store.waiting() if each.id == outcome.id), 0)
        error = "" if is_taken else f"Wrong response from the webhook: {outcome.status}"
        due = time.monotonic() + PAUSES[min(attempts, len(PAUSES) - 1)]
        if not is_taken:
            webhook = self._store.webhook()
            webhook.last_error, webhook.last_error_at = error, int(time.time())
            self._store.keep_webhook(webhook)
        reply = json.loads(outcome.body) if is_taken and outcome.body.strip().startswith(b"{") else None
        if reply:
            self._on_reply(reply)
        self._store.tried(outcome.id, error=error, due=due)
        self.wake()

    def _run(self) -> None:
        while not self._ending:
            waiting = [] if self._is_held or not self._store.webhook().url else self._store.waiting()
            pause = waiting[0].due - time.monotonic() if waiting else None
            if pause is None or pause > 0:
                with self._news:
                    self._news.wait(min(pause or 1.0, 1.0))
                continue
            self.record(post(self.prepared(waiting[0].id)))
