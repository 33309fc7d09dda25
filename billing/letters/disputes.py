"""What is said of a payment that is disputed at the bank, at each state that concerns the balance.

Facts: `state` (`DisputeStatus`), `taken` in `charge_currency` (what is disputed), `amount` in `currency` (what that has
moved in the balance).
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from billing.letters.facts import amount
from billing.letters.page import page_url
from billing.models import DisputeStatus
from notifications.models import Event, Notice
from notifications.words import Message, register


def register_words() -> None:
    """Give disputes their words."""
    register(Event.DISPUTE, _dispute)


def _dispute(notice: Notice) -> Message:
    words = {"taken": amount(notice, "taken", currency="charge_currency"), "amount": amount(notice, "amount")}
    state = DisputeStatus(notice.facts["state"])
    happened = {
        DisputeStatus.OPENED: _("The payment of %(taken)s was disputed with your bank. %(amount)s left your balance."),
        DisputeStatus.WON: _("The dispute of %(taken)s was settled. %(amount)s is in your balance again."),
        DisputeStatus.LOST: _("The bank has returned the disputed %(taken)s to you, and it stays out of your balance."),
    }[state]
    paragraphs = [happened % words]
    if state == DisputeStatus.OPENED:
        paragraphs.append(
            _("No call can start until it is settled. If you did not mean to dispute it, ask your bank to withdraw it.")
        )
    subject = _("Disputed payment of %(taken)s") % words
    return Message(subject, tuple(paragraphs), (), _("Go to the history"), page_url("history"))
