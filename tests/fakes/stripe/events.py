"""Events: what happened, in order, as the webhooks tell it."""

from __future__ import annotations

from fnmatch import fnmatchcase

from tests.fakes.stripe.errors import invalid
from tests.fakes.stripe.listing import list_shape, page
from tests.fakes.stripe.parameters import boolean, list_of, text
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object
from tests.fakes.stripe.world import Call


def retrieve(call: Call, id: str) -> Object:
    """One event."""
    return call.get("event", id)


def list_all(call: Call) -> Object:
    """Events, by type (with `*`), types, or whether every endpoint has taken them."""
    kind, kinds, delivered = (call.params.get(name) for name in ("type", "types", "delivery_success"))
    if kind and kinds:
        raise invalid("You may only specify one of these parameters: type, types.", param="type")
    found = call.store.find("event", livemode=call.livemode)
    if kind or kinds:
        found = [each for each in found if any(fnmatchcase(each["type"], wanted) for wanted in kinds or [kind])]
    if delivered is not None:
        found = [each for each in found if (each["pending_webhooks"] == 0) == delivered]
    return page(call, found, kind="event", url="/v1/events")


ROUTES = [
    Route("GET", "/v1/events", list_all, list_shape("type", types=list_of(text, most=20), delivery_success=boolean)),
    Route("GET", "/v1/events/{id}", retrieve),
]
