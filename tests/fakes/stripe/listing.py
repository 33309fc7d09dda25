"""Lists: newest first, in pages with a cursor, filtered by creation and by fields, as every `GET /v1/<things>`."""

from __future__ import annotations

import operator
from typing import Any

from tests.fakes.stripe.parameters import EXPAND, PAGING, Shape, created, text
from tests.fakes.stripe.store import Object
from tests.fakes.stripe.world import Call

COMPARE = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
PAGE_SIZE = 10


def list_shape(*filters: str, required: tuple[str, ...] = (), by_creation: bool = True, **checks: Any) -> Shape:
    """The parameters of a list: paging, `created`, and filters by text."""
    more = {"created": created} if by_creation else {}
    return PAGING | EXPAND | Shape(required, **more, **dict.fromkeys(filters, text), **checks)


def page(call: Call, items: list[Object], *, kind: str, url: str) -> Object:
    """One page of what is given newest first."""
    limit = call.params.get("limit", PAGE_SIZE)
    if bounds := call.params.get("created"):
        items = [each for each in items if all(COMPARE[name](each["created"], value) for name, value in bounds.items())]
    places = {each["id"]: place for place, each in enumerate(items)}
    if after := call.params.get("starting_after"):
        call.get(kind, after, param="starting_after")
        items = items[places.get(after, len(items)) + 1 :]
        rest, shown = items[limit:], items[:limit]
    elif before := call.params.get("ending_before"):
        call.get(kind, before, param="ending_before")
        items = items[: places.get(before, 0)]
        rest, shown = items[:-limit], items[-limit:]
    else:
        rest, shown = items[limit:], items[:limit]
    return {"object": "list", "data": shown, "has_more": bool(rest), "url": url}


def listed(call: Call, kind: str, url: str, **fields: Any) -> Object:
    """One page of a kind, by the call's parameters and by these fields; a filter that is None is no filter."""
    wanted = {name: value for name, value in fields.items() if value is not None}
    return page(call, call.store.find(kind, livemode=call.livemode, **wanted), kind=kind, url=url)
