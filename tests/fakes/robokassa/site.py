"""The stand-in as one site of a server, and everything that a test can order from it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.http import Request, Response, Site
from tests.fakes.robokassa import control, pages, states
from tests.fakes.robokassa.notices import PAUSES, Courier, Delivery, Outcome
from tests.fakes.robokassa.orders import METHODS, Orders, PageError
from tests.fakes.robokassa.refunds import Refunds
from tests.fakes.robokassa.shop import Shop
from tests.fakes.robokassa.store import CANCELLED, NEW, PAID, Movement, Order, Refund, Store
from tests.fakes.stripe.faults import Fault, Faults

STATE = "/Merchant/WebService/Service.asmx/OpStateExt"


class RobokassaSite(Site):
    """A Robokassa of one's own. Made for a path of a database file it remembers; without one it lives in memory."""

    def __init__(
        self,
        path: str | Path = ":memory:",
        *,
        shop: Shop | None = None,
        deliveries: str = "auto",
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        self.shop = shop or Shop()
        self.store = Store(path)
        self.clock: Callable[[], float] = time.time
        self.faults = Faults()
        self._orders = Orders(self.store, self.shop, lambda: self.clock())
        self._refunds = Refunds(self.store, self.shop, lambda: self.clock())
        self._courier = Courier(self.store, self.shop, deliveries, pauses)
        self.url = self.success_url = self.fail_url = ""

    def start(self, url: str) -> None:
        """The server is up."""
        self.url = url
        self._courier.start()

    def stop(self) -> None:
        """Let go of everything that waits."""
        self.faults.clear()
        self._courier.stop()

    @property
    def result_url(self) -> str:
        """Where notices are posted."""
        return self._courier.result_url

    @result_url.setter
    def result_url(self, url: str) -> None:
        self._courier.result_url = url

    # What is asked

    def handle(self, request: Request) -> Response | None:
        """A page, a question, or an order from a test; with whatever failure was ordered for it."""
        if request.path.startswith("/_control/"):
            return control.answer(self, request)
        fault = self.faults.take(request)
        mode = fault.mode if fault else ""
        if mode == "lost":
            return None
        if fault and mode == "stall":
            fault.wait()
        if mode in ("429", "500"):
            return Response.text("Not now.", int(mode))
        answer = self._answered(request)
        if fault and mode == "hang":
            fault.wait()
        if mode == "500-after":
            return Response.text("Not now.", 500)
        return None if mode == "cut" else answer

    def _answered(self, request: Request) -> Response:
        fields = dict(request.pairs()) if request.path != "/RefundService/Refund/Create" else {}
        if request.path == STATE:
            return states.answer(self._orders, fields)
        if request.path == "/RefundService/Refund/Create" and request.method == "POST":
            return self._refunds.create(request.body)
        if request.path == "/RefundService/Refund/GetState" and request.method == "GET":
            return self._refunds.state(fields.get("id", ""))
        if request.path == "/Merchant/Index.aspx":
            return self._opened(request)
        if request.path.startswith("/Merchant/Payment/"):
            return self._page(request, request.path.rpartition("/")[2], fields)
        return Response.html(pages.error("There is no such page."), 404)

    def _opened(self, request: Request) -> Response:
        try:
            order = self._orders.opened(request.pairs())
        except PageError as error:
            return Response.html(pages.error(str(error)), 400)
        return Response.redirect(f"{self.url}/Merchant/Payment/{order.token}")

    def _page(self, request: Request, token: str, typed: dict[str, str]) -> Response:
        found = self.store.order_of(token)
        if found is None:
            return Response.html(pages.error("There is no such order."), 404)
        order = self._orders.get(found.number)
        if order.state != NEW:
            back = self._back(order, paid=order.state == PAID)
            if request.method == "POST" and back:
                return Response.redirect(back)
            return Response.html(pages.closed(order, back))
        act = typed.get("act", "") if request.method == "POST" else ""
        if act == "pay":
            there = self.pay(order.number, method=typed["method"] if typed.get("method") in METHODS else "card")
        elif act in ("refuse", "back"):
            there = self.refuse(order.number) if act == "refuse" else self.back(order.number)
        else:
            return Response.html(pages.form(order, f"{self.url}/Merchant/Payment/{token}"))
        if there:
            return Response.redirect(there)
        return Response.html(pages.closed(self._orders.get(order.number), ""))

    def _back(self, order: Order, *, paid: bool) -> str:
        url = self.success_url if paid else self.fail_url
        return self._orders.way_back(order, url, signed=paid) if url else ""

    # What the payer does

    def open_page(self, address: str) -> int:
        """Open a payment page by its whole address; returns the order's number. Raises PageError."""
        return self._orders.opened(parse_qsl(urlsplit(address).query, keep_blank_values=True)).number

    def pay(self, number: int, *, method: str = "card") -> str:
        """Pay an order; its notice follows. Returns where the payer is sent. A second time changes nothing."""
        order = self._orders.paid(number, method, copies=self._courier.copies)
        self._courier.wake()
        return self._back(order, paid=order.state == PAID)

    def refuse(self, number: int) -> str:
        """The bank refuses: the order is cancelled."""
        return self.cancel(number)

    def cancel(self, number: int) -> str:
        """The order is over, unless it was paid."""
        order = self._orders.get(number)
        if order.state == NEW:
            order = self._orders.become(order, CANCELLED)
        return self._back(order, paid=order.state == PAID)

    def back(self, number: int) -> str:
        """The payer leaves; the order can still be paid."""
        return self._back(self._orders.get(number), paid=False)

    # What is there

    def order(self, number: int) -> Order:
        """One order. Raises KeyError."""
        return self._orders.get(number)

    def orders(self) -> list[Order]:
        """All orders, by number."""
        return self.store.orders()

    def refunds(self) -> list[Refund]:
        """All refunds, oldest first."""
        return self.store.refunds()

    def journal(self) -> list[Movement]:
        """Every movement of money, oldest first."""
        return self.store.journal()

    def totals(self) -> dict[int, Decimal]:
        """What each order has brought after refunds, in roubles."""
        sums: dict[int, Decimal] = defaultdict(Decimal)
        for movement in self.journal():
            sums[movement.number] += movement.amount
        return dict(sums)

    # Notices

    def hold(self) -> None:
        """Send nothing by itself from now on."""
        self._courier.set_mode("held")

    def release(self, mode: str = "auto") -> None:
        """Send what was held back, and what comes (`auto` or `twice`)."""
        self._courier.set_mode(mode)

    def deliver(self, numbers: Iterable[int] | None = None, *, times: int = 1, at_once: bool = False) -> list[Outcome]:
        """Post the notices of these orders, see `Courier.deliver`."""
        return self._courier.deliver(numbers, times=times, at_once=at_once)

    def drain(self, timeout: float = 30.0) -> bool:
        """Wait until everything due was sent."""
        return self._courier.drain(timeout)

    def undelivered(self) -> list[dict[str, Any]]:
        """What the shop has not taken yet."""
        return self._courier.undelivered()

    def prepared(self, number: int, **how: Any) -> Delivery:
        """A notice to be posted by the test; see `Courier.prepared` for forged and altered ones."""
        return self._courier.prepared(number, **how)

    # What goes wrong, and what the banks do

    def fail_next(self, path: str, mode: str, *, method: str = "*", times: int = 1) -> Fault:
        """Fail the next requests to a path (with `*`); the fault tells when it was met."""
        return self.faults.add(path, mode, method=method, times=times)

    def clear_faults(self) -> None:
        """No more failures."""
        self.faults.clear()

    def set_amount(self, number: int, out_sum: str) -> None:
        """Let the look-up tell of another sum."""
        order = self._orders.get(number)
        order.out_sum = out_sum
        self._orders.become(order, order.state)

    def set_state(self, number: int, state: int) -> None:
        """Let the look-up tell of another state: 5, 10, 20, 50, 60, 80 or 100."""
        self._orders.become(self._orders.get(number), state)

    def forget(self, number: int) -> None:
        """Know the order no more."""
        with self.store.transaction():
            self.store.forget_order(number)

    def hold_refunds(self) -> None:
        """Refunds stay in process until they are told otherwise."""
        self._refunds.held = True

    def settle_refund(self, id: str) -> Refund:
        """The money has reached the payer."""
        return self._refunds.settled(id)

    def fail_refund(self, id: str, *, message: str = "The payer's bank did not take it.") -> Refund:
        """The payer's bank did not take it."""
        return self._refunds.failed(id, message)
