"""The stand-in as one site of a server, and everything that a test can order from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

from tests.fakes.http import Request, Response, Site
from tests.fakes.stripe import (
    accounts,
    checkout_payments,
    checkout_sessions,
    control,
    deliveries,
    disputes,
    journal,
    refunds,
    resources,
    subscriptions,
    webhook_endpoints,
)
from tests.fakes.stripe.api import Api
from tests.fakes.stripe.deliveries import Courier, Delivery, Outcome
from tests.fakes.stripe.expansion import rendered
from tests.fakes.stripe.faults import Fault, Faults
from tests.fakes.stripe.invoice_pages import InvoicePages
from tests.fakes.stripe.journal import Movement
from tests.fakes.stripe.pages import Pages
from tests.fakes.stripe.store import Object, Store
from tests.fakes.stripe.world import World


class StripeSite(Site):
    """A Stripe of one's own. Made for a path of a database file it remembers; without one it lives in memory."""

    def __init__(
        self,
        path: str | Path = ":memory:",
        *,
        api_keys: Iterable[str] = (),
        deliveries: str = "auto",
        pauses: tuple[float, ...] = deliveries.PAUSES,
    ) -> None:
        self.store = Store(path)
        self.world = World(self.store)
        self.faults = Faults()
        self.ordered_faults: list[Fault] = []  # those of `/_control/fail_next`, which are named by their place
        self.courier = Courier(self.world, deliveries, pauses)
        self.world.after_commit = self.courier.wake
        routes = list(chain.from_iterable(module.ROUTES for module in resources.MODULES))
        self._api = Api(self.world, routes, self.faults, frozenset(api_keys))
        self._pages = {"c": Pages(self.world), "i": InvoicePages(self.world)}
        self.account = accounts.ensure(self.world)

    def start(self, url: str) -> None:
        """The server is up."""
        self.world.url = url
        self.courier.start()

    def stop(self) -> None:
        """Let go of everything that waits. The state stays until `close`."""
        self.faults.clear()
        self.courier.stop()

    def handle(self, request: Request) -> Response | None:
        """An API call, a page, or an order from a test."""
        if request.path.startswith("/_control/"):
            return control.answer(self, request)
        if request.path.startswith(("/c/", "/i/")):
            answer = self._pages[request.path[1]].handle(request)
            self.courier.wake()
            return answer
        return self._api.handle(request)

    @property
    def url(self) -> str:
        """Where the stand-in is reached."""
        return self.world.url

    @property
    def clock(self) -> Callable[[], float]:
        """The time of the world, in seconds: settable."""
        return self.world.clock

    @clock.setter
    def clock(self, clock: Callable[[], float]) -> None:
        self.world.clock = clock

    # What is there

    def object(self, id: str) -> Object:
        """Any object as it is now, as the API would show it."""
        with self.store.lock:
            found = self.store.get(id)
        if found is None:
            raise KeyError(id)
        return dict(rendered(found))

    def objects(self, kind: str, *, livemode: bool = False, **fields: Any) -> list[Object]:
        """The objects of a kind (`charge`, `checkout.session`, …), oldest first."""
        with self.store.lock:
            found = self.store.find(kind, livemode=livemode, newest_first=False, **fields)
        return [dict(rendered(each)) for each in found]

    def events(self, type: str | None = None, *, about: str | None = None) -> list[Object]:
        """The events so far, oldest first; of this type, about the object with this identifier."""
        wanted: dict[str, Any] = {name: value for name, value in (("type", type), ("data__object__id", about)) if value}
        return self.objects("event", **wanted)

    def journal(self) -> list[Movement]:
        """Every movement of money, oldest first."""
        return journal.journal(self.store)

    def totals(self) -> dict[tuple[str | None, str], int]:
        """What each customer has paid after refunds and disputes: minor units by (customer, currency)."""
        return journal.totals(self.store)

    # Failures

    def fail_next(self, path: str, mode: str, *, method: str = "*", times: int = 1) -> Fault:
        """Fail the next requests to a path (with `*`); see `faults.MODES`. The fault tells when it was met."""
        return self.faults.add(path, mode, method=method, times=times)

    def clear_faults(self) -> None:
        """No more failures: what is to come is forgotten, what waits goes on."""
        self.faults.clear()

    # Webhooks

    def add_endpoint(
        self, url: str, *, secret: str | None = None, events: Iterable[str] = ("*",), livemode: bool = False
    ) -> Object:
        """Register an endpoint, with a secret known beforehand if one is given; the answer has it."""
        with self.world.writing(livemode) as call:
            made = webhook_endpoints.made(call, url=url, enabled_events=list(events), secret=secret)
        return rendered(made) | {"secret": made["_secret"]}

    def hold(self) -> None:
        """Send nothing by itself from now on."""
        self.courier.set_mode("held")

    def release(self, mode: str = "auto") -> None:
        """Send what was held back, and what comes (`auto` or `twice`)."""
        self.courier.set_mode(mode)

    def deliver(self, events: Iterable[str] | None = None, *, times: int = 1, at_once: bool = False) -> list[Outcome]:
        """Post events in this order, each `times` times; see `Courier.deliver`."""
        return self.courier.deliver(events, times=times, at_once=at_once)

    def drain(self, timeout: float = 30.0) -> bool:
        """Wait until everything due was sent."""
        return self.courier.drain(timeout)

    def undelivered(self) -> list[dict[str, Any]]:
        """What no endpoint has taken yet."""
        return self.courier.undelivered()

    def prepared(self, event: str, **how: Any) -> list[Delivery]:
        """Signed webhooks of an event, to be posted by the test; see `Courier.prepared` for forged and stale ones."""
        return self.courier.prepared(event, **how)

    # What time does

    def expire_session(self, id: str) -> Object:
        """An open Checkout session is over now."""
        with self.world.writing(self.world.mode_of(id)) as call:
            return dict(rendered(checkout_sessions.expire(call, id)))

    def expire_due(self) -> None:
        """Expire what the clock says is over, in both modes."""
        for livemode in (False, True):
            with self.world.writing(livemode) as call:
                checkout_sessions.expire_due(call)

    def advance_subscription(self, id: str) -> Object:
        """The next period of a subscription begins: it is invoiced and charged, or, when cancelled, it is over."""
        with self.world.writing(self.world.mode_of(id)) as call:
            return dict(rendered(subscriptions.advance(call, call.get("subscription", id))))

    # What happens at the banks

    def open_dispute(
        self, charge: str, *, amount: int | None = None, reason: str = "fraudulent", status: str = "needs_response"
    ) -> Object:
        """The payer's bank disputes a charge; amount in minor units, all of it if none is given."""
        with self.world.writing(self.world.mode_of(charge)) as call:
            opened = disputes.opened(call, call.get("charge", charge), amount=amount, reason=reason, status=status)
        return dict(rendered(opened))

    def escalate_dispute(self, id: str) -> Object:
        """An inquiry becomes a dispute."""
        with self.world.writing(self.world.mode_of(id)) as call:
            return dict(rendered(disputes.escalated(call, call.get("dispute", id))))

    def close_dispute(self, id: str, *, won: bool) -> Object:
        """The bank decides a dispute."""
        with self.world.writing(self.world.mode_of(id)) as call:
            return dict(rendered(disputes.closed(call, call.get("dispute", id), won=won)))

    def fail_refund(self, id: str, *, reason: str = "expired_or_canceled_card") -> Object:
        """The bank sends a refund back."""
        with self.world.writing(self.world.mode_of(id)) as call:
            return dict(rendered(refunds.failed(call, call.get("refund", id), reason)))

    def settle_refund(self, id: str) -> Object:
        """A pending refund reaches the card."""
        with self.world.writing(self.world.mode_of(id)) as call:
            return dict(rendered(refunds.settled(call, call.get("refund", id))))

    def delay_next_payment(self, count: int = 1) -> None:
        """The next payments take days: `processing`, and a session that is complete but unpaid."""
        self.world.delayed = count

    def settle_payment(self, payment_intent: str, *, succeeded: bool = True) -> Object:
        """A payment that took days arrives, or fails."""
        with self.world.writing(self.world.mode_of(payment_intent)) as call:
            intent = call.get("payment_intent", payment_intent)
            if intent["status"] != "processing":
                raise ValueError(f"This payment is {intent['status']}")
            return dict(rendered(checkout_payments.arrived(call, intent, succeeded=succeeded)))

    def renew_card(self, payment_method: str, *, exp_month: int, exp_year: int) -> Object:
        """The bank has given the payer a new card, and told Stripe."""
        with self.world.writing(self.world.mode_of(payment_method)) as call:
            method = call.get("payment_method", payment_method)
            card = method["card"] | {"exp_month": exp_month, "exp_year": exp_year}
            return dict(rendered(call.change(method, "payment_method.automatically_updated", card=card)))

    def set_card_behaviour(self, payment_method: str, **behaviour: Any) -> Object:
        """Change what a card does from now on: `decline`, `attach`, `authentication`, `dispute`, `refund`, `set_up`."""
        with self.world.writing(self.world.mode_of(payment_method)) as call:
            method = call.get("payment_method", payment_method)
            unknown = set(behaviour) - set(method["_behaviour"])
            if unknown:
                raise ValueError(f"Cards have no {', '.join(sorted(unknown))}")
            return dict(call.change(method, _behaviour=method["_behaviour"] | behaviour))
