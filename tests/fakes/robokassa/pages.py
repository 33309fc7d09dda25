"""The page of an order: a method to choose, Pay, Refuse (as the bank would), and Back."""

from __future__ import annotations

from html import escape

from tests.fakes.robokassa.orders import METHODS
from tests.fakes.robokassa.store import PAID, Order
from tests.fakes.stripe import page_frame

TITLE = "Robokassa stand-in — no money moves"


def form(order: Order, action: str) -> str:
    """The page of an order that is to be paid."""
    methods = "".join(
        f'<label class="saved"><input type="radio" name="method" value="{name}"{" checked" if not place else ""}> '
        f"{escape(words)}</label>"
        for place, (name, (_label, _code, words)) in enumerate(METHODS.items())
    )
    test = '<p class="soft">A test payment.</p>' if order.is_test else ""
    return page_frame.page(
        "Pay",
        f'<p class="amount">{order.amount:,.2f} RUB</p><p class="soft">{escape(order.description)}</p>{test}'
        f'<form method="post" action="{escape(action)}"><fieldset style="border:0;margin:0;padding:0">'
        f"<legend><h2>How</h2></legend>{methods}</fieldset>"
        '<button name="act" value="pay">Pay</button>'
        '<button class="other" name="act" value="refuse">Refuse, as the bank would</button>'
        '<button class="other" name="act" value="back">Back</button></form>',
        title=TITLE,
    )


def closed(order: Order, back: str) -> str:
    """The page of an order that is paid or over."""
    words = "This order has been paid." if order.state == PAID else "This order is over, and nothing was paid."
    link = f'<p><a href="{escape(back)}">Go back to the shop</a></p>' if back else ""
    return page_frame.page("All done" if order.state == PAID else "Over", f"<p>{words}</p>{link}", title=TITLE)


def error(words: str) -> str:
    """What is wrong with the address."""
    return page_frame.page("This page cannot be shown", page_frame.error(words), title=TITLE)
