"""The page of a Checkout session: card fields, the payer's saved cards, Pay and Back; and what is wrong, if it is."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from tests.fakes.stripe import page_frame
from tests.fakes.stripe.balance import ZERO_DECIMAL
from tests.fakes.stripe.store import Object

TEST_CARDS = (
    ("4242 4242 4242 4242", "succeeds"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 9995", "has insufficient funds"),
    ("4000 0000 0000 0341", "is saved, then every later charge is declined"),
    ("4000 0027 6000 3184", "asks the payer to confirm, every time"),
    ("4000 0025 0000 3155", "asks the payer to confirm, once"),
    ("4000 0000 0000 0259", "is paid, then disputed"),
)


def form(
    session: Object, saved: list[Object], *, message: str | None = None, typed: Mapping[str, str] | None = None
) -> str:
    """The page of an open session; `message` is what the bank said, `typed` what was typed (never number or code)."""
    typed = typed or {}
    setup = session["mode"] == "setup"
    heading = {"setup": "Save a card", "subscription": "Subscribe"}.get(session["mode"], "Pay")
    rows = [page_frame.error(message)]
    if not setup:
        rows.append(f'<p class="amount">{amount_of(session)}</p>{_items(session)}')
    chosen = typed.get("saved", saved[0]["id"] if saved and not message else "")
    rows.append('<form method="post" novalidate>')
    if saved:
        rows.append('<fieldset style="border:0;margin:0;padding:0"><legend><h2>Your cards</h2></legend>')
        rows += [_saved(each, chosen) for each in saved]
        rows.append(_radio("", "Another card", chosen == ""))
        rows.append("</fieldset>")
    if not session["customer"] and not session["customer_email"]:
        rows.append(_field("email", "E-mail", typed, 'type="email" autocomplete="email"'))
    rows.append(_field("number", "Card number", {}, 'inputmode="numeric" autocomplete="cc-number"'))
    expiry = _field("expiry", "Expiry (MM/YY)", typed, 'autocomplete="cc-exp" placeholder="12 / 34"')
    cvc = _field("cvc", "CVC", {}, 'inputmode="numeric" autocomplete="cc-csc" placeholder="123"')
    rows.append(f'<div class="pair"><div>{expiry}</div><div>{cvc}</div></div>')
    rows.append(_field("name", "Name on the card", typed, 'autocomplete="cc-name"'))
    action = "Save card" if setup else f"Pay {amount_of(session)}"
    rows.append(f'<button name="act" value="pay">{action}</button>')
    if session["cancel_url"]:
        rows.append('<button class="other" name="act" value="back" formnovalidate>Back</button>')
    rows.append("</form>")
    rows.append(_cards())
    return page_frame.page(heading, "".join(rows))


def amount_of(session: Object) -> str:
    """What is to be paid."""
    code = session["currency"]
    return page_frame.money(session["amount_total"], code, zero_decimal=code in ZERO_DECIMAL)


def _items(session: Object) -> str:
    code = session["currency"]
    lines = []
    for item in session["_items"]:
        price = page_frame.money(item["amount_total"], code, zero_decimal=code in ZERO_DECIMAL)
        count = f", {item['quantity']} of them" if item["quantity"] > 1 else ""
        lines.append(f"<li><span>{escape(item['description'])}{count}</span><span>{price}</span></li>")
    return f'<ul class="soft">{"".join(lines)}</ul>'


def _field(name: str, label: str, typed: Mapping[str, str], more: str) -> str:
    value = escape(typed.get(name, ""))
    return f'<label for="{name}">{label}</label><input id="{name}" name="{name}" value="{value}" {more}>'


def _radio(value: str, words: str, checked: bool) -> str:
    mark = " checked" if checked else ""
    return f'<label class="saved"><input type="radio" name="saved" value="{value}"{mark}> {escape(words)}</label>'


def _saved(method: Object, chosen: str) -> str:
    card = method["card"]
    words = f"{card['brand'].title()} •••• {card['last4']}, {card['exp_month']:02d}/{card['exp_year'] % 100:02d}"
    return _radio(method["id"], words, method["id"] == chosen)


def _cards() -> str:
    rows = "".join(f"<tr><td><code>{number}</code></td><td>{does}</td></tr>" for number, does in TEST_CARDS)
    return f'<details><summary>Test cards</summary><table class="soft">{rows}</table></details>'


def closed(session: Object, back: str | None) -> str:
    """The page of a session that is paid or expired."""
    paid = session["status"] == "complete"
    words = "You have already finished here." if paid else "This page has expired, and nothing was paid."
    link = f'<p><a href="{escape(back)}">Go back to the shop</a></p>' if back else ""
    return page_frame.page("All done" if paid else "Expired", f"<p>{words}</p>{link}")


def confirmation(intent: Object) -> str:
    """The bank's own page, where the payer says that it is them."""
    words = "Your bank wants to know that it is you who uses this card."
    if intent["object"] == "payment_intent":
        code = intent["currency"]
        words += f" The amount is {page_frame.money(intent['amount'], code, zero_decimal=code in ZERO_DECIMAL)}."
    return page_frame.page(
        "Confirm it is you",
        f'<p>{words}</p><form method="post"><button name="answer" value="confirm">Confirm</button>'
        '<button class="other" name="answer" value="refuse">Refuse</button></form>',
    )


def receipt(charge: Object) -> str:
    """The provider's receipt of a charge."""
    code = charge["currency"]
    paid = page_frame.money(charge["amount"], code, zero_decimal=code in ZERO_DECIMAL)
    back = page_frame.money(charge["amount_refunded"], code, zero_decimal=code in ZERO_DECIMAL)
    card = charge["payment_method_details"]["card"]
    rows = [("Paid", paid), ("Refunded", back), ("Card", f"{card['brand'].title()} •••• {card['last4']}")]
    rows += [("Charge", charge["id"]), ("For", charge["description"] or "—")]
    body = "".join(f"<tr><td>{name}</td><td>{escape(value)}</td></tr>" for name, value in rows)
    return page_frame.page("Receipt", f"<table>{body}</table>")
