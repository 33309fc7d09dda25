"""A Stripe of our own: strict, stateful, with real pages and signed webhooks. No Django, the standard library only.

In a test::

    site = StripeSite(deliveries="held")            # or "auto", "twice"; StripeSite("stripe.sqlite3") remembers
    with Server({"": site}) as server:
        client = stripe.StripeClient("sk_test_…", base_addresses={"api": server.url})

`StripeSite` gives:

- state: `object(id)`, `objects(kind, **fields)`, `events(type, about=id)`, `journal()`, `totals()`, `account`;
- webhooks: `add_endpoint(url, secret=…)`, `hold()`, `release("auto" | "twice")`, `drain()`, `undelivered()`,
  `deliver(events in any order, times=…, at_once=…)`, `prepared(event, secret=…, timestamp=…, changes=…)` for a test
  that posts them itself, forged or stale; `deliveries.signature(body, secret, timestamp=…)` for any body;
- failures: `fail_next(path, mode, method=…, times=…)` with the modes of `faults.MODES`; what it returns has
  `reached` (an event to wait for) and `release()`;
- banks: `open_dispute`, `escalate_dispute`, `close_dispute(id, won=…)`, `fail_refund`, `settle_refund`,
  `set_card_behaviour(payment_method, decline=…, authentication=…)`, `renew_card`, `delay_next_payment`,
  `settle_payment(id, succeeded=…)`;
- time: `clock`, a function that returns seconds; `advance_subscription(id)` begins its next period;
  `expire_session(id)`, `expire_due()`.

The same orders are taken as JSON under `/_control/…` (see `control`), for a stand-in in another process.

Cards and tokens are in `cards`. `journal()` is what the ledger must equal.
"""

from __future__ import annotations

from tests.fakes.stripe.deliveries import signature
from tests.fakes.stripe.site import StripeSite
from tests.fakes.stripe.world import API_VERSION

__all__ = ["API_VERSION", "StripeSite", "signature"]
