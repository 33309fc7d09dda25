"""The stand-in's world, and one call in it: finding, making and changing objects, and telling of it by events."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tests.fakes.stripe.errors import no_such
from tests.fakes.stripe.store import Object, Store, new_id, public

API_VERSION = "2026-08-26.dahlia"


def wants(endpoint: Object, type: str) -> bool:
    """Whether an endpoint is told of events of this type."""
    return any(fnmatchcase(type, wanted) for wanted in endpoint["enabled_events"])


class World:
    """What every call shares: the rows, the clock (seconds, settable), the address, and who is told after a commit."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock: Callable[[], float] = time.time
        self.url = ""
        self.delayed = 0  # how many of the next payments take days, as bank debits do
        self.copies = 1  # how often each delivery is made: 2 is the mode `twice`
        self.after_commit: Callable[[], None] = lambda: None

    @contextmanager
    def writing(self, livemode: bool = False) -> Iterator[Call]:
        """Write as the provider itself, outside any API request; the webhooks leave after the commit."""
        with self.store.transaction():
            yield Call(self, livemode=livemode)
        self.after_commit()

    def mode_of(self, id: str) -> bool:
        """Whether an object is live."""
        with self.store.lock:
            found = self.store.get(id)
        if found is None:
            raise KeyError(id)
        return bool(found.get("livemode"))


@dataclass(slots=True)
class Call:
    """One request, or one act of the provider: its parameters, its mode, and what it may do."""

    world: World
    params: dict[str, Any] = field(default_factory=dict)
    livemode: bool = False
    request_id: str | None = None
    idempotency_key: str | None = None

    @property
    def store(self) -> Store:
        """The rows."""
        return self.world.store

    @property
    def now(self) -> int:
        """Seconds since 1970, by the world's clock."""
        return int(self.world.clock())

    def get(self, kind: str, id: str, *, param: str = "id") -> Object:
        """The object of this call's mode, or Stripe's "No such …": 404, or 400 when `param` names it."""
        found = self.store.get(id, kind)
        if found is None:
            raise no_such(kind, id, param=param)
        if bool(found.get("livemode", self.livemode)) != self.livemode:
            raise no_such(kind, id, param=param, elsewhere="live" if found["livemode"] else "test")
        return found

    def new(self, kind: str, prefix: str, /, **values: Any) -> Object:
        """Keep a new object."""
        head = {"id": new_id(prefix), "object": kind, "created": self.now, "livemode": self.livemode}
        return self.store.add(head | values)

    def change(self, value: Object, *events: str, **changes: Any) -> Object:
        """Change an object and tell of it, with what the changed fields were before."""
        previous = {key: value.get(key) for key, new in changes.items() if value.get(key) != new}
        value.update(changes)
        self.store.save(value)
        for event in events:
            self.emit(event, value, previous={key: each for key, each in previous.items() if not key.startswith("_")})
        return value

    def emit(self, type: str, value: Object, *, previous: Object | None = None) -> Object:
        """Write an event, and a delivery of it for each endpoint that wants it."""
        data: Object = {"object": public(value)}
        if previous and type.endswith(("updated", "detached")):
            data["previous_attributes"] = previous
        endpoints = [
            endpoint
            for endpoint in self.store.find("webhook_endpoint", livemode=self.livemode, newest_first=False)
            if endpoint["status"] == "enabled" and wants(endpoint, type)
        ]
        event = self.new(
            "event",
            "evt",
            api_version=API_VERSION,
            data=data,
            pending_webhooks=len(endpoints),
            request={"id": self.request_id, "idempotency_key": self.idempotency_key},
            type=type,
        )
        for endpoint in endpoints:
            self.store.rows.execute(
                "INSERT INTO deliveries (event, endpoint, copies, due) VALUES (?, ?, ?, 0)",
                (event["id"], endpoint["id"], self.world.copies),
            )
        return event

    def book(self, kind: str, source: Object, *, amount: int, payment_intent: str | None, customer: str | None) -> None:
        """Write a movement of money into the journal; `amount` is in minor units, plus to us and minus from us."""
        self.store.rows.execute(
            "INSERT INTO journal (at, kind, object, payment_intent, customer, amount, currency, livemode, metadata)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.world.clock(),
                kind,
                source["id"],
                payment_intent,
                customer,
                amount,
                source["currency"],
                self.livemode,
                json.dumps(source.get("metadata", {})),
            ),
        )
