"""Webhooks on their way: signed, posted, repeated until they are taken; or held back and sent as a test says.

The modes: `auto` sends in order from a thread of its own and repeats with growing pauses; `held` sends nothing by
itself; `twice` is `auto` with every delivery made two times. Signatures carry the real time, as the receiver checks it
against its own; the world's clock may be anywhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.fakes.stripe.store import Object, public
from tests.fakes.stripe.world import World, wants

MODES = ("auto", "held", "twice")
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
TIMEOUT_SECONDS = 30.0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **more: Any) -> None:
        """A redirect is no success, as at Stripe."""


DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


@dataclass(frozen=True)
class Delivery:
    """One webhook, ready to be posted: the address, the raw body and the headers with the signature."""

    event: str
    endpoint: str
    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What the endpoint answered: status 0 if nothing."""

    event: str
    endpoint: str
    status: int
    body: str


def signature(body: bytes, secret: str, *, timestamp: int | None = None) -> str:
    """The `Stripe-Signature` of a raw body; `timestamp` in seconds, now if none is given."""
    at = int(time.time()) if timestamp is None else timestamp
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def post(delivery: Delivery) -> Outcome:
    """Send one webhook and read the answer."""
    request = urllib.request.Request(delivery.url, delivery.body, delivery.headers, method="POST")
    try:
        with DIRECT.open(request, timeout=TIMEOUT_SECONDS) as answer:
            status, said = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, said = error.code, error.read()
    except OSError as error:
        status, said = 0, str(error).encode()
    return Outcome(delivery.event, delivery.endpoint, status, said.decode(errors="replace"))


class Courier:
    """Sends what `Call.emit` wrote into `deliveries`."""

    def __init__(self, world: World, mode: str, pauses: tuple[float, ...] = PAUSES) -> None:
        self._world = world
        self._pauses = pauses
        self._news = threading.Condition()
        self._told = 0
        self._ending = threading.Event()
        self.set_mode(mode)

    def set_mode(self, mode: str) -> None:
        """`auto`, `held` or `twice`; what was held back leaves as soon as the mode lets it."""
        if mode not in MODES:
            raise ValueError(f"{mode} is none of {', '.join(MODES)}")
        self.mode = mode
        self._world.copies = 2 if mode == "twice" else 1
        self.wake()

    def start(self) -> None:
        """Begin to send."""
        self._ending = threading.Event()
        threading.Thread(target=self._run, args=(self._ending,), daemon=True).start()

    def stop(self) -> None:
        """Send no more; what is open stays written."""
        self._ending.set()
        self.wake()

    def wake(self) -> None:
        """There may be something to send, or something was sent."""
        with self._news:
            self._told += 1
            self._news.notify_all()

    def _await(self, told: int, seconds: float | None) -> bool:
        """Wait for news after `told`; False if there was none in time. The rows' lock is never taken in here."""
        with self._news:
            return self._news.wait_for(lambda: self._told != told, seconds)

    def drain(self, timeout: float = 30.0) -> bool:
        """Wait until everything that is due was taken or tried; False if it was not in time."""
        deadline = time.monotonic() + timeout
        while True:
            told = self._told
            if self._next(time.time()) is None:
                return True
            if not self._await(told, deadline - time.monotonic()):
                return False

    def _run(self, ending: threading.Event) -> None:
        while not ending.is_set():
            told = self._told
            row = None if self.mode == "held" else self._next(time.time())
            if row is None:
                self._await(told, self._pause())
            else:
                self._send(row)

    def _pause(self) -> float | None:
        if self.mode == "held":
            return None
        with self._world.store.lock:
            due = self._world.store.rows.execute("SELECT min(due) FROM deliveries WHERE NOT done").fetchone()[0]
        return None if due is None else max(0.01, due - time.time())

    def _next(self, now: float) -> Any:
        with self._world.store.lock:
            return self._world.store.rows.execute(
                "SELECT * FROM deliveries WHERE NOT done AND due <= ? ORDER BY seq LIMIT 1", (now,)
            ).fetchone()

    def _send(self, row: Any) -> None:
        delivery = self.prepared(row["event"], endpoint=row["endpoint"])
        outcomes = [post(delivery[0]) for _ in range(row["copies"])] if delivery else []
        taken = all(200 <= outcome.status < 300 for outcome in outcomes)
        status = outcomes[-1].status if outcomes else None
        self._record(row["seq"], row["event"], taken=taken, status=status, attempts=row["attempts"] + 1)

    def _record(self, seq: int, event: str, *, taken: bool, status: int | None, attempts: int) -> None:
        done = taken or attempts > len(self._pauses)
        due = time.time() + self._pauses[min(attempts, len(self._pauses)) - 1]
        store = self._world.store
        with store.transaction():
            store.rows.execute(
                "UPDATE deliveries SET attempts = ?, status = ?, done = ?, due = ? WHERE seq = ?",
                (attempts, status, done, due, seq),
            )
            left = store.rows.execute(
                "SELECT count(*) FROM deliveries WHERE event = ? AND NOT done", (event,)
            ).fetchone()[0]
            told = store.get(event)
            if told:
                store.save(told | {"pending_webhooks": left})
        self.wake()

    def prepared(
        self,
        event: str,
        *,
        endpoint: str | None = None,
        secret: str | None = None,
        timestamp: int | None = None,
        changes: Object | None = None,
    ) -> list[Delivery]:
        """The webhooks of an event, one for each endpoint (or this one), as they would be posted.

        `secret`, `timestamp` and `changes` (merged into the event) make forged, stale and altered ones.
        """
        store = self._world.store
        with store.lock:
            told = store.get(event, "event")
            if told is None:
                raise KeyError(event)
            ends = store.find("webhook_endpoint", livemode=told["livemode"], newest_first=False)
        body = json.dumps(public(told) | (changes or {}), indent=2).encode()
        prepared = []
        for each in ends:
            if each["id"] != endpoint if endpoint else not wants(each, told["type"]):
                continue
            headers = {
                "Content-Type": "application/json; charset=utf-8",
                "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
                "Stripe-Signature": signature(body, secret or each["_secret"], timestamp=timestamp),
            }
            prepared.append(Delivery(event, each["id"], each["url"], body, headers))
        return prepared

    def deliver(self, events: Iterable[str] | None = None, *, times: int = 1, at_once: bool = False) -> list[Outcome]:
        """Post these events in this order (all that are open if none is named), each `times` times, now and from here.

        `at_once` posts them from as many threads. What was taken counts as delivered, and is not sent by itself again.
        """
        if events is None:
            ends: list[tuple[str, str | None]] = [(row["event"], row["endpoint"]) for row in self.undelivered()]
        else:
            ends = [(event, None) for event in events]
        prepared = [each for event, end in ends for each in self.prepared(event, endpoint=end) for _ in range(times)]
        if at_once and prepared:
            with ThreadPoolExecutor(len(prepared)) as pool:
                outcomes = list(pool.map(post, prepared))
        else:
            outcomes = [post(each) for each in prepared]
        for outcome in outcomes:
            with contextlib.suppress(KeyError):
                self._count(outcome)
        return outcomes

    def _count(self, outcome: Outcome) -> None:
        with self._world.store.lock:
            rows = self._world.store.rows.execute(
                "SELECT * FROM deliveries WHERE event = ? AND endpoint = ? AND NOT done",
                (outcome.event, outcome.endpoint),
            ).fetchall()
        taken = 200 <= outcome.status < 300
        for row in rows:
            self._record(row["seq"], row["event"], taken=taken, status=outcome.status, attempts=row["attempts"] + 1)

    def undelivered(self) -> list[dict[str, Any]]:
        """What no endpoint has taken yet, oldest first: event, type, endpoint, attempts, the last status."""
        with self._world.store.lock:
            rows = self._world.store.rows.execute(
                "SELECT d.event, json_extract(o.body, '$.type') AS type, d.endpoint, d.attempts, d.status"
                " FROM deliveries d JOIN objects o ON o.id = d.event WHERE NOT d.done ORDER BY d.seq"
            ).fetchall()
        return [dict(row) for row in rows]
