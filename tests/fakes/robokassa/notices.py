"""Notices to ResultURL: signed by password 2, posted until they are answered by `OK` and the order's number.

The modes are those of the Stripe stand-in: `auto` posts from a thread of its own, `held` waits for a test, `twice`
posts each notice two times.
"""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from tests.fakes.robokassa.orders import METHODS
from tests.fakes.robokassa.shop import Shop, with_shp
from tests.fakes.robokassa.store import Order, Store

MODES = ("auto", "held", "twice")
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Delivery:
    """One notice, ready to be posted."""

    number: int
    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What was answered: status 0 if nothing."""

    number: int
    status: int
    body: str

    @property
    def is_taken(self) -> bool:
        """Whether the shop has understood."""
        return self.status == 200 and self.body.strip() == f"OK{self.number}"


def post(delivery: Delivery) -> Outcome:
    """Send one notice and read the answer."""
    request = urllib.request.Request(delivery.url, delivery.body, delivery.headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            status, said = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, said = error.code, error.read()
    except (OSError, ValueError) as error:
        status, said = 0, str(error).encode()
    return Outcome(delivery.number, status, said.decode(errors="replace"))


def fields_of(order: Order, shop: Shop, *, out_sum: str | None = None, password: str | None = None) -> dict[str, str]:
    """What a notice of an order says; another sum is signed as rightly, another password is a forgery."""
    total = f"{Decimal(order.out_sum):.6f}" if out_sum is None else out_sum
    password = shop.password(2, is_test=order.is_test) if password is None else password
    signature = shop.hashed(with_shp(f"{total}:{order.number}:{password}", order.shp))
    codes = {label: code for label, code, _words in METHODS.values()}
    fields = {
        "out_summ": total,
        "OutSum": total,
        "inv_id": str(order.number),
        "InvId": str(order.number),
        "crc": signature,
        "SignatureValue": signature,
        "PaymentMethod": codes.get(order.method, ""),
        "IncSum": total,
        "IncCurrLabel": order.method,
        "Fee": "0.000000",
        "EMail": order.email,
    }
    return fields | ({"IsTest": "1"} if order.is_test else {}) | order.shp


class Courier:
    """Sends what `Orders.paid` wrote into `notices`."""

    def __init__(self, store: Store, shop: Shop, mode: str, pauses: tuple[float, ...] = PAUSES) -> None:
        self._store = store
        self._shop = shop
        self._pauses = pauses
        self._news = threading.Condition()
        self._ending = self._busy = False
        self.result_url = ""
        self.set_mode(mode)

    def set_mode(self, mode: str) -> None:
        """`auto`, `held` or `twice`; what was held back leaves as soon as the mode lets it."""
        if mode not in MODES:
            raise ValueError(f"{mode} is none of {', '.join(MODES)}")
        self.mode = mode
        self.wake()

    @property
    def copies(self) -> int:
        """How often each notice is posted."""
        return 2 if self.mode == "twice" else 1

    def start(self) -> None:
        """Begin to send."""
        self._ending = False
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Send no more; what is open stays written."""
        with self._news:
            self._ending = True
            self._news.notify_all()

    def wake(self) -> None:
        """There may be something to send."""
        with self._news:
            self._news.notify_all()

    def drain(self, timeout: float = 30.0) -> bool:
        """Wait until everything that is due was tried; False if it was not in time."""
        with self._news:
            return self._news.wait_for(lambda: not self._busy and self._due(time.time()) is None, timeout)

    def _run(self) -> None:
        while True:
            with self._news:
                if self._ending:
                    return
                row = self._due(time.time()) if self.mode != "held" else None
                self._busy = row is not None
                if row is None:
                    self._news.notify_all()
                    self._news.wait(self._pause())
                    continue
            outcomes = [post(self.prepared(row["number"])) for _ in range(row["copies"])]
            self._record(row, outcomes[-1], taken=all(each.is_taken for each in outcomes))

    def _pause(self) -> float | None:
        if self.mode == "held":
            return None
        with self._store.lock:
            due = self._store.rows.execute("SELECT min(due) FROM notices WHERE NOT done").fetchone()[0]
        return None if due is None else max(0.01, due - time.time())

    def _due(self, now: float) -> Any:
        with self._store.lock:
            statement = "SELECT * FROM notices WHERE NOT done AND due <= ? ORDER BY seq LIMIT 1"
            return self._store.rows.execute(statement, (now,)).fetchone()

    def _record(self, row: Any, outcome: Outcome, *, taken: bool) -> None:
        attempts = row["attempts"] + 1
        due = time.time() + self._pauses[min(attempts, len(self._pauses)) - 1]
        with self._store.transaction():
            self._store.rows.execute(
                "UPDATE notices SET attempts = ?, answer = ?, done = ?, due = ? WHERE seq = ?",
                (
                    attempts,
                    f"{outcome.status} {outcome.body[:200]}",
                    taken or attempts > len(self._pauses),
                    due,
                    row["seq"],
                ),
            )

    def prepared(self, number: int, *, changes: dict[str, str] | None = None, **how: str) -> Delivery:
        """The notice of an order as it would be posted. `out_sum` is signed rightly, `password` signs wrongly,
        `changes` are made after signing. Raises KeyError."""
        order = self._store.order(number)
        if order is None:
            raise KeyError(number)
        body = urlencode(fields_of(order, self._shop, **how) | (changes or {})).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Robokassa stand-in"}
        return Delivery(number, self.result_url, body, headers)

    def deliver(self, numbers: Iterable[int] | None = None, *, times: int = 1, at_once: bool = False) -> list[Outcome]:
        """Post the notices of these orders in this order (all that are open if none is named), each `times` times."""
        named = [row["number"] for row in self.undelivered()] if numbers is None else list(numbers)
        prepared = [self.prepared(number) for number in named for _ in range(times)]
        if at_once and prepared:
            with ThreadPoolExecutor(len(prepared)) as pool:
                outcomes = list(pool.map(post, prepared))
        else:
            outcomes = [post(each) for each in prepared]
        for outcome in outcomes:
            with self._store.lock:
                rows = self._store.rows.execute(
                    "SELECT * FROM notices WHERE number = ? AND NOT done", (outcome.number,)
                ).fetchall()
            for row in rows:
                self._record(row, outcome, taken=outcome.is_taken)
        return outcomes

    def undelivered(self) -> list[dict[str, Any]]:
        """What the shop has not taken yet, oldest first: number, attempts, the last answer."""
        with self._store.lock:
            rows = self._store.rows.execute(
                "SELECT number, attempts, answer FROM notices WHERE NOT done ORDER BY seq"
            ).fetchall()
        return [dict(row) for row in rows]
