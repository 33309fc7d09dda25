"""Idempotency keys: the first status and body are replayed for 24 hours, whatever they were; 500s included.

A request that never began to work (a bad parameter, a limit, a key in use) leaves no mark, as at Stripe. A key is one
mode's own; with other parameters it is refused, and while its first request runs, a second one is told so.
"""

from __future__ import annotations

import hashlib
import json
import threading
from typing import NamedTuple

from tests.fakes.http import Request
from tests.fakes.stripe.errors import key_in_use, key_reused
from tests.fakes.stripe.world import World

KEY_LENGTH_MAX = 255
KEPT_SECONDS = 24 * 3600


class Kept(NamedTuple):
    """The first answer: what is replayed."""

    status: int
    body: str
    request: str


class Keys:
    """The keys of both modes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: dict[tuple[bool, str], str] = {}
        self._claiming = threading.Lock()

    def claim(self, livemode: bool, key: str, request: Request) -> Kept | None:
        """Take the key for a request that begins, or return the answer that it had before."""
        print_ = fingerprint(request)
        with self._claiming:
            running = self._running.get((livemode, key))
            if running is not None:
                raise key_in_use(key) if running == print_ else key_reused(key)
            store = self._world.store
            with store.transaction():
                store.rows.execute("DELETE FROM keys WHERE at < ?", (self._world.clock() - KEPT_SECONDS,))
                row = store.rows.execute(
                    "SELECT * FROM keys WHERE livemode = ? AND key = ?", (livemode, key)
                ).fetchone()
            if row is None:
                self._running[livemode, key] = print_
                return None
        if row["fingerprint"] != print_:
            raise key_reused(key)
        return Kept(row["status"], row["body"], row["request"])

    def keep(self, livemode: bool, key: str, request: Request, kept: Kept) -> None:
        """Write the first answer down; within the request's own transaction where it has one."""
        with self._world.store.transaction():
            self._world.store.rows.execute(
                "INSERT INTO keys (livemode, key, fingerprint, status, body, request, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (livemode, key, fingerprint(request), *kept, self._world.clock()),
            )

    def release(self, livemode: bool, key: str) -> None:
        """The request has ended."""
        with self._claiming:
            self._running.pop((livemode, key), None)


def fingerprint(request: Request) -> str:
    """What must be the same when a key comes again: the call and its parameters, in any order."""
    told = json.dumps([request.method, request.path, sorted(request.pairs())])
    return hashlib.sha256(told.encode()).hexdigest()
