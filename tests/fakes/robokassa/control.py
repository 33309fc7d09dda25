"""`/_control/…`: the same orders as `RobokassaSite` gives in Python, as JSON, for a stand-in in another process.

POST an object with the arguments, by name: `open_page {address}`, `pay {number, method}`, `refuse {number}`,
`cancel {number}`, `back {number}`; `hold`, `release {mode}`, `deliver {numbers, times, at_once}`, `drain {timeout}`,
`forge {number, out_sum?, password?, changes?}` (posts one notice, altered as told); `fail_next {path, mode, method,
times}`, `clear_faults`, `set_amount {number, out_sum}`, `set_state {number, state}`, `forget {number}`;
`hold_refunds`, `settle_refund {id}`, `fail_refund {id, message}`; `clock {at}` (seconds; null is the real time);
`settings {result_url, success_url, fail_url}`.

GET `undelivered`, `journal`, `totals`, `orders`, `order?number=…`, `refunds`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.fakes.http import Request, Response
from tests.fakes.robokassa import notices
from tests.fakes.robokassa.orders import PageError

if TYPE_CHECKING:
    from tests.fakes.robokassa.site import RobokassaSite

BY_NAME = (
    "back cancel clear_faults deliver drain fail_refund forget hold hold_refunds open_page pay refuse release "
    "set_amount set_state settle_refund"
)
ORDERS = frozenset(BY_NAME.split())
ADDRESSES = ("result_url", "success_url", "fail_url")


def answer(site: RobokassaSite, request: Request) -> Response:
    """Carry out one order: 200 with its result, 400 with what is wrong, 404 if there is no such order or object."""
    name = request.path.removeprefix("/_control/").strip("/")
    try:
        if request.method == "GET":
            found = ASKED.get(name)
            given: dict[str, Any] = dict(parse_qsl(request.query))
        else:
            found = GIVEN.get(name) or (_by_name(name) if name in ORDERS else None)
            given = request.json()
        if found is None:
            return Response.json({"error": f"There is no order {name}."}, 404)
        return Response.json(_plain(found(site, **given)))
    except KeyError as missing:
        return Response.json({"error": f"There is no {missing}."}, 404)
    except (TypeError, ValueError, PageError) as wrong:
        return Response.json({"error": str(wrong)}, 400)


def _by_name(name: str) -> Callable[..., Any]:
    def order(site: RobokassaSite, **given: Any) -> Any:
        return getattr(site, name)(**given)

    return order


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return str(value)
    return {"done": True} if value is None else value


def _fail_next(site: RobokassaSite, **given: Any) -> None:
    site.fail_next(**given)


def _clock(site: RobokassaSite, at: float | None) -> dict[str, float]:
    site.clock = time.time if at is None else (lambda: at)
    return {"now": site.clock()}


def _forge(site: RobokassaSite, number: int, **how: Any) -> notices.Outcome:
    return notices.post(site.prepared(number, **how))


def _settings(site: RobokassaSite, **given: str) -> dict[str, str]:
    for name, value in given.items():
        if name not in ADDRESSES:
            raise ValueError(f"There is no setting {name}.")
        setattr(site, name, value)
    return {name: getattr(site, name) for name in ADDRESSES}


GIVEN: dict[str, Callable[..., Any]] = {
    "fail_next": _fail_next,
    "clock": _clock,
    "forge": _forge,
    "settings": _settings,
}
ASKED: dict[str, Callable[..., Any]] = {
    "undelivered": lambda site: site.undelivered(),
    "journal": lambda site: site.journal(),
    "totals": lambda site: site.totals(),
    "orders": lambda site: site.orders(),
    "order": lambda site, number: site.order(int(number)),
    "refunds": lambda site: site.refunds(),
}
