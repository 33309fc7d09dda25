"""What is said of a subscription: paid, not paid, to end, ended; and of the allotment that each month brings.

Facts: `state`, `plan`, `allotment` in `currency`. Paid: `paid` and its part `tax` in `price_currency`, `card`,
`receipt_url`, `next_at` unless it ends. Ending: `ends_at`. Of a renewed allotment: `allotment` in `currency`, and
`next_at`, when the next one comes.
"""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from billing.letters.facts import Pairs, amount, day_of
from billing.letters.page import page_url
from billing.templatetags.stored import said
from notifications.models import Event, Notice
from notifications.words import Message, register


def register_words() -> None:
    """Give subscriptions their words."""
    register(Event.SUBSCRIPTION, _subscription)
    register(Event.ALLOTMENT_RESET, _renewed)


def _subscription(notice: Notice) -> Message:
    words = {"paid": _paid, "unpaid": _unpaid, "ending": _ending, "ended": _ended}[notice.facts["state"]]
    return words(notice)


def _paid(notice: Notice) -> Message:
    facts = notice.facts
    pairs: Pairs = ((_("Paid"), amount(notice, "paid", currency="price_currency")),)
    if Decimal(facts["tax"]) > 0:
        pairs += ((_("Tax in it"), amount(notice, "tax", currency="price_currency")),)
    if facts["card"]:
        pairs += ((_("Paid by"), said(facts["card"])),)
    if "next_at" in facts:
        pairs += ((_("Next month begins"), day_of(notice, "next_at")),)
    subject = _("%(plan)s is paid") % _names(notice)
    text = _("%(plan)s: %(allotment)s each month.") % _names(notice)
    if facts["receipt_url"]:
        return Message(subject, (text,), pairs, _("See the receipt"), facts["receipt_url"])
    return Message(subject, (text,), pairs, *_page())


def _unpaid(notice: Notice) -> Message:
    names = _names(notice)
    withdrawn = _(
        "What was left of this month's %(allotment)s is withdrawn until it is paid; what you topped up stays."
    )
    return Message(
        _("The payment for %(plan)s failed") % names,
        (
            withdrawn % names,
            _("The charge is tried again on your default card. Add another card if this one no longer works."),
        ),
        (),
        _("Change the card"),
        f"{page_url('auto_top_up')}#saved-cards",
    )


def _ending(notice: Notice) -> Message:
    words = {**_names(notice), "day": day_of(notice, "ends_at")}
    return Message(
        _("%(plan)s ends on %(day)s") % words,
        (
            _("%(plan)s was cancelled and ends on %(day)s.") % words,
            _("Until then its credits can be used. Nothing more is charged for it."),
        ),
        (),
        *_page(),
    )


def _ended(notice: Notice) -> Message:
    names = _names(notice)
    return Message(
        _("%(plan)s has ended") % names,
        (
            _("%(plan)s has ended. No monthly credits follow and nothing more is charged for it.") % names,
            _("Your balance stays, and calls go on as long as it lasts."),
        ),
        (),
        *_page(),
    )


def _renewed(notice: Notice) -> Message:
    """atllasx.md, 'Monthly Allotment': "This resets on your billing cycle date. Unused credits do not carry over"."""
    pairs: Pairs = ((_("Monthly allotment"), amount(notice, "allotment")),)
    if "next_at" in notice.facts:
        pairs += ((_("Next month begins"), day_of(notice, "next_at")),)
    return Message(
        _("The monthly allotment is renewed"),
        (_("It can be used from now on. What was left of the last one is not carried over."),),
        pairs,
        _("See the balance"),
        page_url("overview"),
    )


def _names(notice: Notice) -> dict[str, str]:
    return {"plan": notice.facts["plan"], "allotment": amount(notice, "allotment")}


def _page() -> tuple[str, str]:
    return _("See the subscription"), page_url("subscription")
