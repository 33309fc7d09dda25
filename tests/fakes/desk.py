"""`/`: what the stand-ins are, the cards to try, and the banks' side: disputes, failing refunds, passing months.

Everything else goes to the Stripe stand-in, whose site this page is put before.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from tests.fakes.http import Request, Response, Site
from tests.fakes.robokassa import RobokassaSite
from tests.fakes.stripe import StripeSite, checkout_page, page_frame
from tests.fakes.stripe.balance import ZERO_DECIMAL
from tests.fakes.stripe.errors import StripeError

TITLE = "Stand-ins of Stripe and Robokassa — no money moves"
SHOWN = 15
WIDE = (
    "<style>main{max-width:60rem} form{display:inline} td button{width:auto;margin:0;padding:.2rem .6rem} "
    "code{white-space:nowrap}</style>"
)
MODES = {"auto": "leave at once", "held": "wait here", "twice": "leave at once, each two times"}
Row = tuple[list[str], list[tuple[str, str]]]


class Desk(Site):
    """The page at the root, before a Stripe stand-in."""

    def __init__(self, stripe: StripeSite, robokassa: RobokassaSite) -> None:
        self.stripe = stripe
        self.robokassa = robokassa
        self._acts: dict[str, Callable[[str], Any]] = {
            "dispute": stripe.open_dispute,
            "win": lambda id: stripe.close_dispute(id, won=True),
            "lose": lambda id: stripe.close_dispute(id, won=False),
            "settle": stripe.settle_refund,
            "fail": stripe.fail_refund,
            "advance": stripe.advance_subscription,
            "webhooks": self._webhooks,
        }

    def start(self, url: str) -> None:
        """The server is up."""
        self.stripe.start(url)

    def stop(self) -> None:
        """The server is about to go away."""
        self.stripe.stop()

    def handle(self, request: Request) -> Response | None:
        """The page, one of its buttons, or Stripe."""
        if request.path != "/":
            return self.stripe.handle(request)
        if request.method != "POST":
            return Response.html(self._page())
        act, _, id = dict(request.pairs()).get("do", "").partition(" ")
        try:
            self._acts[act](id)
        except (KeyError, StripeError, ValueError) as error:
            return Response.html(page_frame.page("This cannot be done", page_frame.error(str(error)), title=TITLE), 400)
        return Response.redirect("/")

    def _webhooks(self, what: str) -> None:
        if what == "now":
            self.stripe.deliver()
            self.robokassa.deliver()
        for site in (self.stripe, self.robokassa):
            if what == "held":
                site.hold()
            elif what in ("auto", "twice"):
                site.release(what)

    def _page(self) -> str:
        waiting = len(self.stripe.undelivered()) + len(self.robokassa.undelivered())
        buttons = [("webhooks held", "Hold"), ("webhooks auto", "Send"), ("webhooks twice", "Send each twice")]
        delivery = f"<p>{waiting} undelivered; new ones {MODES[self.stripe.courier.mode]}.</p>" + "".join(
            _button(*each) for each in [("webhooks now", "Send what waits"), *buttons]
        )
        cards = _table([([f"<code>{number}</code>", does], []) for number, does in checkout_page.TEST_CARDS])
        content = (
            "<p>The site takes money from these two while it has no keys of its own. What happens here is kept between "
            "restarts. Every order of <code>/_control/</code> and <code>/robokassa/_control/</code> works as well.</p>"
            '<p><a href="/telegram/">Chats of the Telegram bot</a></p>'
            f"<h2>Test cards</h2>{cards}<h2>Webhooks</h2>{delivery}"
            f"{_part('Payments', self._payments())}{_part('Disputes', self._disputes())}"
            f"{_part('Refunds', self._refunds())}{_part('Subscriptions', self._subscriptions())}"
            f"{_part('Invoices', self._invoices())}{_part('Robokassa', self._orders())}"
        )
        return page_frame.page("What the banks do", f"{WIDE}{content}", title=TITLE)

    def _newest(self, kind: str) -> list[Any]:
        return self.stripe.objects(kind)[: -SHOWN - 1 : -1]

    def _payments(self) -> list[Row]:
        return [
            (
                [_money(each), escape(each["description"] or each["id"])],
                [] if each["disputed"] else [(f"dispute {each['id']}", "Dispute this charge")],
            )
            for each in self._newest("charge")
            if each["paid"]
        ]

    def _disputes(self) -> list[Row]:
        over = ("won", "lost", "warning_closed")
        return [
            (
                [_money(each), each["reason"], each["status"]],
                []
                if each["status"] in over
                else [(f"win {each['id']}", "The shop wins"), (f"lose {each['id']}", "The shop loses")],
            )
            for each in self._newest("dispute")
        ]

    def _refunds(self) -> list[Row]:
        buttons = {"pending": [("settle", "It arrives"), ("fail", "It fails")], "succeeded": [("fail", "It fails")]}
        return [
            (
                [_money(each), each["status"]],
                [(f"{act} {each['id']}", words) for act, words in buttons.get(each["status"], [])],
            )
            for each in self._newest("refund")
        ]

    def _subscriptions(self) -> list[Row]:
        return [
            (
                [escape(each["id"]), each["status"], "to its end" if each["cancel_at_period_end"] else "goes on"],
                [] if each["status"] == "canceled" else [(f"advance {each['id']}", "A month passes")],
            )
            for each in self._newest("subscription")
        ]

    def _invoices(self) -> list[Row]:
        return [
            ([f'<a href="{each["hosted_invoice_url"]}">{each["number"]}</a>', each["status"]], [])
            for each in self._newest("invoice")
            if each["number"]
        ]

    def _orders(self) -> list[Row]:
        words = {5: "open", 10: "cancelled", 100: "paid"}
        return [
            ([f"{order.amount:,.2f} RUB", escape(order.description), words.get(order.state, str(order.state))], [])
            for order in self.robokassa.orders()[: -SHOWN - 1 : -1]
        ]


class Sign(Site):
    """The page at the root where Robokassa alone is played: the site has Stripe's own keys."""

    def handle(self, request: Request) -> Response:
        """What this is; nothing else is answered."""
        if request.path != "/":
            return Response.json({"error": "Stripe is not played here: the site has keys of its own."}, 404)
        words = (
            "<p>Stripe has its own keys; only Robokassa is played, under <code>/robokassa</code>, "
            'and the <a href="/telegram/">Telegram bot</a>.</p>'
        )
        return Response.html(
            page_frame.page("What the banks do", words, title="Stand-in of Robokassa — no money moves")
        )


def _money(value: Any) -> str:
    return page_frame.money(value["amount"], value["currency"], zero_decimal=value["currency"] in ZERO_DECIMAL)


def _part(heading: str, rows: list[Row]) -> str:
    return f"<h2>{heading}</h2>{_table(rows)}" if rows else ""


def _table(rows: list[Row]) -> str:
    lines = []
    for cells, buttons in rows:
        acts = "".join(_button(*each) for each in buttons)
        lines.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}<td>{acts}</td></tr>")
    return f"<table>{''.join(lines)}</table>"


def _button(value: str, words: str) -> str:
    """A button that is a form of its own; `value` is the act and its object."""
    return (
        '<form method="post" action="/">'
        f'<button class="other" style="width:auto" name="do" value="{escape(value)}">{words}</button></form> '
    )
