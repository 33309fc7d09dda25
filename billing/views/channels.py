"""Where alerts go, as the limits page shows it: further addresses, the reader's Telegram, and the last test message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.views.shell import Frame
from notifications.models import Channel, Delivery, Notice
from notifications.selectors.preferences import addresses_of
from notifications.selectors.telegram import last_link
from notifications.selectors.told import last_test
from notifications.services.addresses import ADDRESSES_MAX
from notifications.services.trial_message import PAUSE

WATCHED = timedelta(minutes=5)  # how long the page asks by itself what became of a test
CHANNEL_WORDS = {Channel.EMAIL: _("E-mail"), Channel.TELEGRAM: _("Telegram")}
STATUS_WORDS = {
    Delivery.Status.PENDING: ("plain", _("on its way")),
    Delivery.Status.SENT: ("good", _("sent")),
    Delivery.Status.DEAD: ("bad", _("not sent")),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One message of a test: the channel, where it went, and what became of it."""

    channel: str | Promise
    recipient: str
    tone: str
    status: str | Promise
    is_delayed: bool


def channels_of(frame: Frame, *, typed: str = "", error: str = "") -> dict[str, Any]:
    """What the page says of channels; `typed` and `error` are of an address that was refused."""
    account, user = frame.tenant.account, frame.tenant.user
    addresses = addresses_of(account.pk)
    link = last_link(account=account, user=user)
    test = last_test(account_id=account.pk, user_id=user.pk)
    outcomes = _outcomes(test, link.chat_name if link else "")
    is_young = test is not None and test.created_at > timezone.now() - WATCHED
    return {
        "addresses": addresses,
        "has_room": len(addresses) < ADDRESSES_MAX,
        "typed_address": typed,
        "address_error": error,
        "link": link,
        "bot": settings.TELEGRAM_BOT_NAME,
        "test": test,
        "outcomes": outcomes,
        "may_test": test is None or test.created_at <= timezone.now() - PAUSE,
        "is_watched": is_young and (not outcomes or any(each.tone == "plain" for each in outcomes)),
    }


def _outcomes(test: Notice | None, chat_name: str) -> list[Outcome]:
    if test is None:
        return []
    found = []
    for delivery in test.deliveries.all():
        channel = Channel(delivery.channel)
        tone, status = STATUS_WORDS[Delivery.Status(delivery.status)]
        to = chat_name if channel == Channel.TELEGRAM else delivery.recipient
        is_delayed = delivery.status == Delivery.Status.PENDING and bool(delivery.last_error)
        found.append(Outcome(CHANNEL_WORDS[channel], to, tone, status, is_delayed))
    return found
