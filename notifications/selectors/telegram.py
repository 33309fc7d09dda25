"""What a member's page says of Telegram."""

from __future__ import annotations

from notifications.models import TelegramLink
from organizations.models import Account, User


def last_link(*, account: Account, user: User) -> TelegramLink | None:
    """The chat that alerts go to (`is_linked`), or else the last one, which says why it ended; None: never any."""
    links = TelegramLink.objects.filter(account=account, user=user, chat_id__isnull=False)
    return links.order_by("-linked_at", "-id").first()


def waiting_link(*, account: Account, user: User) -> TelegramLink | None:
    """The deep link that no chat has opened yet, also when it is too old by now; None: there is none."""
    return TelegramLink.objects.filter(account=account, user=user, chat_id=None, ended_at=None).first()
