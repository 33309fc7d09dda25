"""What is said of money that arrived: by a top-up, or by an automatic one.

Facts: `top_up` (reference), `amount` in `currency`, `paid` and its part `tax` in `price_currency`, `charged` in
`charge_currency` (what the provider took), `card` or else `provider`, `balance`.
"""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from billing.letters.facts import Pairs, amount, balance_now, paid_by
from billing.letters.page import page_url
from notifications.models import Event, Notice
from notifications.words import Message, register


def register_words() -> None:
    """Give payments their words."""
    register(Event.TOPPED_UP, _topped_up)
    register(Event.AUTO_TOP_UP_DONE, _topped_up_by_itself)


def _topped_up(notice: Notice) -> Message:
    """aipbx.md, 'Step 3. Confirmation': "You receive a confirmation email"."""
    why = _("The payment has arrived and is in the balance.")
    return _confirmation(notice, _("%(added)s added") % _added(notice), why)


def _topped_up_by_itself(notice: Notice) -> Message:
    """atllasx.md, 'Auto Top-Off': "You receive an email confirmation each time a top-off occurs"."""
    why = _("The balance had fallen below your threshold, so automatic top-up charged your payment method.")
    return _confirmation(notice, _("Automatic top-up: %(added)s added") % _added(notice), why)


def _confirmation(notice: Notice, subject: str, why: str) -> Message:
    pairs = (
        (_("Added to the balance"), amount(notice, "amount")),
        *paid(notice),
        (_("Paid by"), paid_by(notice)),
        *balance_now(notice),
    )
    return Message(subject, (why,), pairs, _("See the payment"), page_url("top_up_result", notice.facts["top_up"]))


def paid(notice: Notice) -> Pairs:
    """What it cost, the tax in it, and what was charged where that is another currency."""
    facts = notice.facts
    pairs: Pairs = ((_("Paid"), amount(notice, "paid", currency="price_currency")),)
    if Decimal(facts["tax"]) > 0:
        pairs += ((_("Tax in it"), amount(notice, "tax", currency="price_currency")),)
    if facts["charge_currency"] != facts["price_currency"]:
        pairs += ((_("Charged"), amount(notice, "charged", currency="charge_currency")),)
    return pairs


def _added(notice: Notice) -> dict[str, str]:
    return {"added": amount(notice, "amount")}
