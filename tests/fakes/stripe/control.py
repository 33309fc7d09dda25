"""`/_control/…`: the same orders as `StripeSite` gives in Python, as JSON, for a stand-in in another process.

POST an object with the arguments, by name:

- webhooks: `hold`, `release {mode}`, `deliver {events, times, at_once}`, `drain {timeout}`, `add_endpoint {url, secret,
  events, livemode}`, `forge {event, url?, endpoint?, secret?, timestamp?, changes?}` (posts one delivery, altered as
  told);
- failures: `fail_next {path, mode, method, times}` answers `{"fault": n}`; `release_fault {fault}`; `clear_faults`;
- banks: `open_dispute {charge, amount, reason, status}`, `escalate_dispute {id}`, `close_dispute {id, won}`,
  `fail_refund {id, reason}`, `settle_refund {id}`, `set_card_behaviour {payment_method, …}`, `renew_card
  {payment_method, exp_month, exp_year}`, `delay_next_payment {count}`, `settle_payment {payment_intent, succeeded}`;
- time: `advance_subscription {id}`, `expire_session {id}`, `expire_due`, `clock {at}` (seconds; null is the real time).

GET `undelivered`, `journal`, `totals`, `account`, `events`, `object?id=…`, `objects?kind=…`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, is_dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.fakes.http import Request, Response
from tests.fakes.stripe import deliveries
from tests.fakes.stripe.errors import StripeError

if TYPE_CHECKING:
    from tests.fakes.stripe.site import StripeSite

BY_NAME = """
    add_endpoint advance_subscription clear_faults close_dispute delay_next_payment deliver drain escalate_dispute
    expire_due expire_session fail_refund hold open_dispute release renew_card set_card_behaviour settle_payment
    settle_refund
"""
ORDERS = frozenset(BY_NAME.split())


def answer(site: StripeSite, request: Request) -> Response:
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
    except StripeError as error:
        return Response.json(error.body, error.status)
    except (TypeError, ValueError) as wrong:
        return Response.json({"error": str(wrong)}, 400)


def _by_name(name: str) -> Callable[..., Any]:
    def order(site: StripeSite, **given: Any) -> Any:
        return getattr(site, name)(**given)

    return order


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return {"done": True} if value is None else value


def _fail_next(site: StripeSite, **given: Any) -> dict[str, int]:
    site.ordered_faults.append(site.fail_next(**given))
    return {"fault": len(site.ordered_faults) - 1}


def _release_fault(site: StripeSite, fault: int) -> None:
    site.ordered_faults[fault].release()


def _clock(site: StripeSite, at: float | None) -> dict[str, float]:
    site.clock = time.time if at is None else (lambda: at)
    return {"now": site.clock()}


def _forge(site: StripeSite, event: str, url: str | None = None, **how: Any) -> list[deliveries.Outcome]:
    prepared = site.prepared(event, **how)
    return [deliveries.post(replace(each, url=url or each.url)) for each in prepared]


def _totals(site: StripeSite) -> list[dict[str, Any]]:
    return [
        {"customer": customer, "currency": currency, "amount": amount}
        for (customer, currency), amount in site.totals().items()
    ]


GIVEN: dict[str, Callable[..., Any]] = {
    "fail_next": _fail_next,
    "release_fault": _release_fault,
    "clock": _clock,
    "forge": _forge,
}
ASKED: dict[str, Callable[..., Any]] = {
    "undelivered": lambda site: site.undelivered(),
    "journal": lambda site: site.journal(),
    "totals": _totals,
    "account": lambda site: site.account,
    "events": lambda site, **wanted: site.events(**wanted),
    "object": lambda site, id: site.object(id),
    "objects": lambda site, kind: site.objects(kind),
}
