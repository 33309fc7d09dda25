"""What a wallet's alerts say: how much there is, what happens at which level, and the page that mends it.

Facts: as `billing.services.alerts.facts_of` gives them, amounts in `currency`.
"""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from billing.letters.facts import Pairs, amount, top_up_button, when_used_up
from billing.letters.page import page_url
from billing.services.admission import INSUFFICIENT, words_of
from notifications.models import Event, Notice
from notifications.words import Message, register


def register_words() -> None:
    """Give the wallet's events their words."""
    register(Event.LOW_BALANCE, _low)
    register(Event.CALLS_REFUSED, _refused)
    register(Event.CALLS_ACCEPTED, _accepted)
    register(Event.CAP_NEAR, _cap_near)
    register(Event.CAP_REACHED, _cap_reached)
    register(Event.CREDIT_NEAR, _credit_near)
    register(Event.CREDIT_REACHED, _credit_reached)


def _low(notice: Notice) -> Message:
    """letustalk.md, 'What happens at zero balance': "so you know to top up"."""
    threshold = {"threshold": amount(notice, "threshold")}
    return Message(
        _("The balance is below %(threshold)s") % threshold,
        (when_used_up(notice), _("Top up in time and no call is missed.")),
        _balance(notice),
        *top_up_button(notice),
    )


def _refused(notice: Notice) -> Message:
    reason = notice.facts["reason"]
    if reason != INSUFFICIENT:
        button = _invoices() if reason == "payment_overdue" else (_("See the balance"), page_url("overview"))
        return Message(_("New calls are refused"), (words_of(reason),), _balance(notice), *button)
    if Decimal(notice.facts["balance"]) > 0:
        words = {"floor": amount(notice, "floor")}
        why = _("Calls start from %(floor)s on. Until the balance is topped up, every new call is refused.") % words
    else:
        why = _("The balance is used up. Until it is topped up, every new call is refused.")
    return Message(_("New calls are refused"), (why,), _balance(notice), *top_up_button(notice))


def _accepted(notice: Notice) -> Message:
    text = _("New calls are answered from now on.")
    return Message(_("Calls start again"), (text,), _balance(notice), _("See the balance"), page_url("overview"))


def _cap_near(notice: Notice) -> Message:
    words = {"spent": amount(notice, "spent"), "cap": amount(notice, "cap")}
    return Message(
        _("%(spent)s of the daily cap of %(cap)s is spent") % words,
        (_("At the cap no new call starts until midnight. Raise it if today is meant to be busy."),),
        (),
        _("Look at the limits"),
        page_url("limits"),
    )


def _cap_reached(notice: Notice) -> Message:
    return Message(
        _("The daily cap of %(cap)s is reached") % {"cap": amount(notice, "cap")},
        (_("No new call starts until midnight. A higher cap lets calls start at once."),),
        ((_("Spent today"), amount(notice, "spent")),),
        _("Raise the cap"),
        page_url("limits"),
    )


def _credit_near(notice: Notice) -> Message:
    return Message(
        _("The credit limit of %(limit)s is nearly used") % {"limit": amount(notice, "credit_limit")},
        (_("At the limit no new call starts. Pay an invoice, or ask for a higher limit."),),
        _balance(notice),
        *_invoices(),
    )


def _credit_reached(notice: Notice) -> Message:
    return Message(
        _("The credit limit of %(limit)s is reached") % {"limit": amount(notice, "credit_limit")},
        (_("No new call starts until an invoice is paid or the limit is raised."),),
        _balance(notice),
        *_invoices(),
    )


def _invoices() -> tuple[str, str]:
    return _("Look at the invoices"), page_url("documents")


def _balance(notice: Notice) -> Pairs:
    return ((_("Balance"), amount(notice, "balance")),)
