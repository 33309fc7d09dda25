"""What is said of automatic top-up and of its card: it failed, is off, has reached its ceiling; the card expires.

Facts of a failure: `reason` (`FailureReason`), `amount` and `balance` in `currency`, `price` in `price_currency`,
`card` and `message` (empty where there is none), `next_attempt_at` unless none follows. Of the ceiling: `ceiling` and
`balance` in `currency`. Of a card: `card` and the day `expires_on`, the last one that it works on.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from billing.letters.facts import amount, balance_now, day_and_time, when_used_up
from billing.letters.page import page_url
from billing.models import PaymentProvider
from billing.providers.base import BARE_REFUSAL, FailureReason
from billing.templatetags.moments import day_year
from billing.templatetags.stored import said
from notifications.models import Event, Notice
from notifications.words import Message, register


def register_words() -> None:
    """Give automatic top-up its words."""
    register(Event.AUTO_TOP_UP_FAILED, _failed)
    register(Event.AUTO_TOP_UP_DISABLED, _disabled)
    register(Event.AUTO_TOP_UP_CEILING, _ceiling)
    register(Event.CARD_EXPIRING, _card_expires)


def _failed(notice: Notice) -> Message:
    what_next = [when_used_up(notice)]
    if "next_attempt_at" in notice.facts:
        what_next.insert(0, _("The next attempt is on %(day)s at %(time)s.") % day_and_time(notice, "next_attempt_at"))
    return _failure(notice, _("Automatic top-up failed"), " ".join(what_next))


def _disabled(notice: Notice) -> Message:
    """aitelier.md, 'The wallet': "Three consecutive failures disable auto top-up and email you"."""
    off = _("It was the third failure in a row, so automatic top-up is turned off now.")
    return _failure(notice, _("Automatic top-up is turned off"), f"{off} {when_used_up(notice)}")


def _failure(notice: Notice, subject: str, what_next: str) -> Message:
    paragraphs = (_what_failed(notice), _why(notice), what_next)
    return Message(subject, paragraphs, balance_now(notice), *_mend(notice))


def _what_failed(notice: Notice) -> str:
    words = {"amount": amount(notice, "amount"), "price": amount(notice, "price", currency="price_currency")}
    if words["price"] == words["amount"]:
        return _("An automatic top-up of %(amount)s failed.") % words
    return _("An automatic top-up of %(amount)s (%(price)s) failed.") % words


def _why(notice: Notice) -> str:
    reason = FailureReason(notice.facts["reason"])
    if reason == FailureReason.NO_PAYMENT_METHOD:
        return _("No payment method is set for automatic top-ups: add a card.")
    if reason == FailureReason.NEEDS_CONFIRMATION:
        return _("Your bank asks you to confirm the payment of %(card)s.") % {"card": _card(notice)}
    if reason == FailureReason.CARD_DECLINED:
        message = notice.facts["message"]
        words = _("%(card)s was declined.") % {"card": _card(notice)}
        return words if message.rstrip(".") in ("", BARE_REFUSAL) else f"{words} {said(message)}"
    return _("An internal error occurred. Retry the charge; if it keeps failing, contact support.")


def _mend(notice: Notice) -> tuple[str, str]:
    """The button for the reason (atllasx.md, 'Failed Payments')."""
    page = page_url("auto_top_up")
    reason = FailureReason(notice.facts["reason"])
    if reason == FailureReason.NO_PAYMENT_METHOD:
        return _("Set up auto top-up"), page
    if reason == FailureReason.CARD_DECLINED:
        return _("Update payment method"), f"{page}#saved-cards"
    if reason == FailureReason.NEEDS_CONFIRMATION:
        asked = f"{Decimal(notice.facts['amount']).normalize():f}"
        query = urlencode({"amount": asked, "provider": PaymentProvider.STRIPE.value})
        return _("Confirm the payment"), f"{page_url('top_up')}?{query}"
    return _("Retry the charge"), page


def _ceiling(notice: Notice) -> Message:
    words = {"ceiling": amount(notice, "ceiling")}
    return Message(
        _("The monthly ceiling of automatic top-up is reached"),
        (
            _("Automatic top-up may add %(ceiling)s in a month, and that is reached. It goes on next month.") % words,
            _("Raise the ceiling, or top up by hand.") + " " + when_used_up(notice),
        ),
        balance_now(notice),
        _("Raise the ceiling"),
        f"{page_url('auto_top_up')}#monthly_ceiling",
    )


def _card_expires(notice: Notice) -> Message:
    subject, text = card_expires(_card(notice), notice.facts["expires_on"], ZoneInfo(notice.account.timezone))
    return Message(subject, (text,), (), _("Change the card"), f"{page_url('auto_top_up')}#saved-cards")


def card_expires(card: str, expires_on: str, zone: ZoneInfo) -> tuple[str, str]:
    """That a card expires, or has, on a day (ISO 8601) of the account's zone, and what follows: title and text."""
    last_day = date.fromisoformat(expires_on)
    words = {"card": card, "day": day_year(last_day)}
    if timezone.now().astimezone(zone).date() > last_day:
        title = _("%(card)s expired on %(day)s") % words
        follows = _("What is paid automatically will fail with it.")
    else:
        title = _("%(card)s expires on %(day)s") % words
        follows = _("From then on, what is paid automatically will fail with it.")
    mend = _("Add the new card and make it the default.")
    return title, f"{follows} {mend}"


def _card(notice: Notice) -> str:
    return said(notice.facts["card"]) or _("a saved card")
