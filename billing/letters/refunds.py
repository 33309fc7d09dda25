"""What is said of a refund, at each state that it reaches.

Facts: `state`, `amount` in `currency`, and `ways`: for each payment that money goes back to, `card` or else `provider`,
and `back` in `currency`; several for a request, else one. A declined one has `decision`, the words of staff.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.letters.facts import amount
from billing.letters.page import page_url
from billing.models import PaymentProvider
from billing.templatetags.money import money_text
from billing.templatetags.stored import said
from notifications.models import Event, Notice
from notifications.words import Message, register


def register_words() -> None:
    """Give refunds their words."""
    register(Event.REFUND, _refund)


def _refund(notice: Notice) -> Message:
    state, ways = notice.facts["state"], notice.facts["ways"]
    words = {
        "asked": amount(notice, "amount"),
        "amount": amount(notice, "amount"),
        "back": _back(ways[0]),
        "destination": _destination(ways[0]),
        "decision": notice.facts.get("decision", ""),
    }
    subject, text = {
        "requested": (
            _("Refund of %(asked)s requested"),
            _("You asked for a refund of %(asked)s. We look at it and write to you again."),
        ),
        "approved": (
            _("Refund approved"),
            _("Your refund was approved. %(amount)s left your balance, and %(back)s goes back (%(destination)s)."),
        ),
        "declined": (_("Refund declined"), _("Your refund request of %(amount)s was declined: %(decision)s")),
        "succeeded": (
            _("Refund sent"),
            _("%(back)s was sent back (%(destination)s). Banks take up to ten days to show it."),
        ),
        "failed": (
            _("Refund failed"),
            _("The refund did not go through (%(destination)s). %(amount)s is back in your balance."),
        ),
    }[state]
    pairs = tuple((_destination(way), _back(way)) for way in ways) if state == "requested" else ()
    return Message(subject % words, (text % words,), pairs, _("See the refunds"), page_url("refund"))


def _back(way: Mapping[str, str]) -> str:
    return money_text(Decimal(way["back"]), way["currency"])


def _destination(way: Mapping[str, str]) -> str:
    return said(way["card"]) or str(PaymentProvider(way["provider"]).label)
