"""A Robokassa of our own: strict, stateful, with a page to pay on and signed notices. The standard library only.

In a test::

    site = RobokassaSite(deliveries="held")          # or "auto", "twice"; RobokassaSite("robokassa.sqlite3") remembers
    site.result_url = "http://testserver/billing/webhooks/robokassa/result/"     # likewise success_url and fail_url
    with Server({"/robokassa": site}) as server:
        ...                                          # ROBOKASSA_BASE_URL = f"{server.url}/robokassa"

`RobokassaSite` gives:

- the payer: `open_page(address)` answers the order's number, `pay(order, method=…)`, `refuse(order)`, `cancel(order)`,
  `back(order)`; each returns where the payer is sent;
- state: `order(number)`, `orders()`, `refunds()`, `journal()`, `totals()`;
- notices: `hold()`, `release("auto" | "twice")`, `drain()`, `undelivered()`, `deliver(orders in any order, times=…,
  at_once=…)`, `prepared(order, out_sum=…, password=…, changes=…)` for one that a test posts itself, forged or altered;
- what goes wrong: `fail_next(path, mode, …)` with the modes of `tests.fakes.stripe.faults`,
  `set_amount(order, "1.00")`, `set_state(order, 50)`, `forget(order)`;
- refunds: "auto" finishes them when they are looked at; after `hold_refunds()` they wait for `settle_refund(id)` or
  `fail_refund(id)`;
- time: `clock`, a function that returns seconds.

Payments with `IsTest=1` are signed by test passwords, are not to be looked up and not to be refunded, as at Robokassa.
"""

from __future__ import annotations

from tests.fakes.robokassa.site import RobokassaSite

__all__ = ["RobokassaSite"]
