"""Telegram's limits, held across all workers: a message a second to a chat, thirty a second in all, and its pauses.

Each chat, and the bot as a whole, has a row that says when its next message has its turn (FACTS.md, 'Telegram').
Nobody waits here: whose turn it is not is told how long it takes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from notifications.models import TelegramPace

BOT = 0  # no chat has this number
CHAT_INTERVAL = timedelta(seconds=1)
# Ten at once, then twenty a second: never more than thirty in any second.
BOT_INTERVAL, BOT_BURST = timedelta(milliseconds=50), 10
BOT_AHEAD = BOT_INTERVAL * (BOT_BURST - 1)


@transaction.atomic
def take_turn(chat_id: int) -> timedelta:
    """Nothing, and the turn is taken; or how long until this chat and the bot may be used, and nothing is taken."""
    now = timezone.now()
    paces = _locked((BOT, chat_id), now)
    wait = max(pace.next_at - _ahead(pace) - now for pace in paces)
    if wait > timedelta(0):
        return wait
    for pace in paces:
        pace.next_at = max(pace.next_at, now) + (BOT_INTERVAL if pace.chat_id == BOT else CHAT_INTERVAL)
        pace.save(update_fields=["next_at"])
    return timedelta(0)


@transaction.atomic
def pause(after: timedelta) -> None:
    """Telegram asked for silence: nothing leaves for so long, from any worker."""
    now = timezone.now()
    (bot,) = _locked((BOT,), now)
    bot.next_at = max(bot.next_at, now + after + _ahead(bot))
    bot.save(update_fields=["next_at"])


def _ahead(pace: TelegramPace) -> timedelta:
    """How long before its moment a message may leave."""
    return BOT_AHEAD if pace.chat_id == BOT else timedelta(0)


def _locked(chat_ids: tuple[int, ...], now: datetime) -> list[TelegramPace]:
    """The rows, made where they are missing; in the order of numbers, against deadlocks."""
    TelegramPace.objects.bulk_create(
        [TelegramPace(chat_id=chat_id, next_at=now) for chat_id in chat_ids], ignore_conflicts=True
    )
    return list(TelegramPace.objects.select_for_update(no_key=True).filter(chat_id__in=chat_ids).order_by("chat_id"))
