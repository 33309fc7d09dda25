"""What the outbox says of a wallet, in short, since one asked last."""

from __future__ import annotations

from billing.models import Wallet
from notifications.models import Audience, Notice


class News:
    """`news()` is what was told of the wallet since the last time, oldest first: "calls_refused to people: reason"."""

    def __init__(self, wallet: Wallet) -> None:
        self.wallet = wallet
        self.last = 0
        self()

    def __call__(self) -> list[str]:
        notices = Notice.objects.filter(account=self.wallet.account_id, key__startswith=f"wallet:{self.wallet.pk}:")
        found = list(notices.filter(pk__gt=self.last).order_by("pk"))
        self.last = found[-1].pk if found else self.last
        return [_in_short(notice) for notice in found]


def _in_short(notice: Notice) -> str:
    words: str = notice.event
    if notice.audience != Audience.EVERYONE:
        words += f" to {notice.audience}"
    return f"{words}: {notice.facts['reason']}" if "reason" in notice.facts else words
