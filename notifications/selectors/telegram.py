"""What a member's page says of Telegram, and what an operator is told of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from notifications.models import Channel, Delivery, TelegramLink
from organizations.models import Account, User

STUCK = timedelta(minutes=10)  # four attempts


def last_link(*, account: Account, user: User) -> TelegramLink | None:
    """The chat that alerts go to (`is_linked`), or else the last one, which says why it ended; None: never any."""
    links = TelegramLink.objects.filter(account=account, user=user, chat_id__isnull=False)
    return links.order_by("-linked_at", "-id").first()


def waiting_link(*, account: Account, user: User) -> TelegramLink | None:
    """The deep link that no chat has opened yet, also when it is too old by now; None: there is none."""
    return TelegramLink.objects.filter(account=account, user=user, chat_id=None, ended_at=None).first()


def stuck_since() -> datetime | None:
    """From when the oldest message is that Telegram has refused to take for `STUCK`; None: messages leave."""
    waiting = Delivery.objects.filter(channel=Channel.TELEGRAM, status=Delivery.Status.PENDING).exclude(last_error="")
    old = waiting.filter(created_at__lt=timezone.now() - STUCK).order_by("created_at")
    return old.values_list("created_at", flat=True).first()
