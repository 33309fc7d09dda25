"""What a wallet's alerts say: how much there is, what happens at which level, and the page that mends it."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from billing.letters.page import page_url
from billing.services.admission import INSUFFICIENT, words_of
from billing.templatetags.money import CREDIT, money_text
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
    threshold = {"threshold": _money(notice, "threshold")}
    return Message(
        _("The balance is below %(threshold)s") % threshold,
        (_("When the balance is used up, no new call starts. Top up in time and nothing is missed."),),
        _balance(notice),
        *_top_up(notice),
    )


def _refused(notice: Notice) -> Message:
    reason = notice.facts["reason"]
    if reason != INSUFFICIENT:
        label, page = _("See the balance"), page_url("overview")
        return Message(_("New calls are refused"), (words_of(reason),), _balance(notice), label, page)
    if Decimal(notice.facts["balance"]) > 0:
        words = {"floor": _money(notice, "floor")}
        why = _("Calls start from %(floor)s on. Until the balance is topped up, every new call is refused.") % words
    else:
        why = _("The balance is used up. Until it is topped up, every new call is refused.")
    return Message(_("New calls are refused"), (why,), _balance(notice), *_top_up(notice))


def _accepted(notice: Notice) -> Message:
    return Message(_("Calls start again"), (), _balance(notice), _("See the balance"), page_url("overview"))


def _cap_near(notice: Notice) -> Message:
    words = {"spent": _money(notice, "spent"), "cap": _money(notice, "cap")}
    return Message(
        _("%(spent)s of the daily cap of %(cap)s are spent") % words,
        (_("At the cap no new call starts until midnight. Raise it if today is meant to be busy."),),
        (),
        _("Look at the limits"),
        page_url("limits"),
    )


def _cap_reached(notice: Notice) -> Message:
    return Message(
        _("The daily cap of %(cap)s is reached") % {"cap": _money(notice, "cap")},
        (_("No new call starts until midnight. A higher cap lets calls start at once."),),
        ((_("Spent today"), _money(notice, "spent")),),
        _("Raise the cap"),
        page_url("limits"),
    )


def _credit_near(notice: Notice) -> Message:
    return Message(
        _("The credit limit of %(limit)s is nearly used") % {"limit": _money(notice, "credit_limit")},
        (_("At the limit no new call starts. Pay an invoice, or ask for a higher limit."),),
        _balance(notice),
        _("See the balance"),
        page_url("overview"),
    )


def _credit_reached(notice: Notice) -> Message:
    return Message(
        _("The credit limit of %(limit)s is reached") % {"limit": _money(notice, "credit_limit")},
        (_("No new call starts until an invoice is paid or the limit is raised."),),
        _balance(notice),
        _("See the balance"),
        page_url("overview"),
    )


def _money(notice: Notice, name: str) -> str:
    return money_text(Decimal(notice.facts[name]), notice.facts["currency"])


def _balance(notice: Notice) -> tuple[tuple[str, str], ...]:
    return ((_("Balance"), _money(notice, "balance")),)


def _top_up(notice: Notice) -> tuple[str, str]:
    label = _("Buy credits") if notice.facts["currency"] == CREDIT else _("Top up")
    return label, page_url("top_up")
