"""Webhook endpoints: where events are sent. The secret is told once, when the endpoint is made."""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.stripe.errors import invalid
from tests.fakes.stripe.listing import list_shape, listed
from tests.fakes.stripe.parameters import Shape, boolean, clearable, list_of, merged, metadata, one_of, url
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object, new_id
from tests.fakes.stripe.world import API_VERSION, Call

ENDPOINTS_MAX = 16


def event_type(name: str, raw: Any) -> str:
    """`*`, or a type such as `charge.succeeded`."""
    if not isinstance(raw, str) or not re.fullmatch(r"\*|[a-z_0-9]+(\.[a-z_0-9]+)+", raw):
        raise invalid(f"Invalid {name}: {raw} is no event type", param=name)
    return raw


CREATE = Shape(
    ("enabled_events", "url"),
    api_version=one_of(API_VERSION),
    description=clearable,
    enabled_events=list_of(event_type),
    metadata=metadata,
    url=url,
)
UPDATE = Shape(description=clearable, disabled=boolean, enabled_events=list_of(event_type), metadata=metadata, url=url)


def made(call: Call, *, url: str, enabled_events: list[str], secret: str | None = None, **more: Any) -> Object:
    """A new endpoint, with the secret that both sides sign by."""
    if len(call.store.find("webhook_endpoint", livemode=call.livemode)) >= ENDPOINTS_MAX:
        raise invalid(f"You have reached the maximum of {ENDPOINTS_MAX} webhook endpoints.")
    return call.new(
        "webhook_endpoint",
        "we",
        api_version=more.get("api_version"),
        application=None,
        description=more.get("description"),
        enabled_events=enabled_events,
        metadata=merged({}, more.get("metadata", {})),
        status="enabled",
        url=url,
        _secret=secret or new_id("whsec", 32),
    )


def create(call: Call) -> Object:
    """Register an address; the answer has its secret."""
    if call.livemode and not call.params["url"].startswith("https://"):
        raise invalid("Invalid URL: live endpoints need HTTPS", param="url", code="url_invalid")
    endpoint = made(call, **{key: value for key, value in call.params.items() if key != "expand"})
    return endpoint | {"secret": endpoint["_secret"]}


def update(call: Call, id: str) -> Object:
    """Change the address, what it wants, or switch it off."""
    endpoint = call.get("webhook_endpoint", id)
    given = {key: value for key, value in call.params.items() if key != "expand"}
    if "disabled" in given:
        given["status"] = "disabled" if given.pop("disabled") else "enabled"
    if "metadata" in given:
        given["metadata"] = merged(endpoint["metadata"], given["metadata"])
    return call.change(endpoint, **given)


def delete(call: Call, id: str) -> Object:
    """Forget it; what it was not yet told is not sent any more."""
    call.get("webhook_endpoint", id)
    call.store.remove(id)
    return {"id": id, "object": "webhook_endpoint", "deleted": True}


def retrieve(call: Call, id: str) -> Object:
    """One endpoint, without its secret."""
    return call.get("webhook_endpoint", id)


def list_all(call: Call) -> Object:
    """All endpoints."""
    return listed(call, "webhook_endpoint", "/v1/webhook_endpoints")


ROUTES = [
    Route("POST", "/v1/webhook_endpoints", create, CREATE),
    Route("GET", "/v1/webhook_endpoints", list_all, list_shape(by_creation=False)),
    Route("GET", "/v1/webhook_endpoints/{id}", retrieve),
    Route("POST", "/v1/webhook_endpoints/{id}", update, UPDATE),
    Route("DELETE", "/v1/webhook_endpoints/{id}", delete),
]
