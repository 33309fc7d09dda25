"""Telegram: plain text with the first line in bold, and the page that mends it as a button.

A message whose answer was lost may have arrived, and then comes twice: Telegram knows no key that would tell.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from notifications.channels import bot_api
from notifications.channels.base import Later, Never, NotYet
from notifications.models import Delivery, EndReason
from notifications.services.telegram import end_chat
from notifications.services.telegram_pace import pause, take_turn

TEXT_MAX = 4096  # counted in UTF-16, as Telegram counts an entity's place
TEXT_TOO_LONG = "…"
PAUSE_MIN = timedelta(seconds=1)


def send(delivery: Delivery) -> str:
    """Say it in the chat, when it is its turn. Raises Later, NotYet and Never."""
    if not bot_api.is_set_up():
        raise Later("There is no bot: TELEGRAM_BOT_TOKEN and TELEGRAM_BOT_NAME are not set.")
    if delivery.telegram is not None and not delivery.telegram.is_linked:
        raise Never("The chat is not linked any more.")
    chat_id = int(delivery.recipient)
    if wait := take_turn(chat_id):
        raise NotYet("Telegram takes a message a second to a chat, thirty in all.", after=wait)
    try:
        told = bot_api.ask("sendMessage", chat_id=chat_id, **_message(delivery))
    except bot_api.NoAnswerError as error:
        raise Later(_without_token(str(error))) from error
    except bot_api.RefusedError as refusal:
        raise _outcome(refusal, chat_id) from refusal
    return f"message {told.get('message_id')}" if isinstance(told, dict) else ""


def _outcome(refusal: bot_api.RefusedError, chat_id: int) -> Later | Never:
    """What a refusal means: too fast, the chat is gone, the message is wrong, or our settings are."""
    said = _without_token(str(refusal))
    if refusal.code == 429:
        after = max(timedelta(seconds=refusal.retry_after), PAUSE_MIN)
        pause(after)
        return Later(said, after=after)
    if refusal.code == 403 or "chat not found" in refusal.description.lower():
        end_chat(chat_id=chat_id, reason=EndReason.BLOCKED)
        return Never(said)
    return Never(said) if refusal.code == 400 else Later(said)


def _message(delivery: Delivery) -> dict[str, Any]:
    has_button = bool(delivery.button_url) and _is_public(delivery.button_url)
    link = f"\n\n{delivery.button}: {delivery.button_url}" if delivery.button_url and not has_button else ""
    message: dict[str, Any] = {
        "text": cut(delivery.body, TEXT_MAX - length(link)) + link,
        "link_preview_options": {"is_disabled": True},
    }
    if delivery.subject and delivery.body.startswith(delivery.subject):
        message["entities"] = [{"type": "bold", "offset": 0, "length": length(delivery.subject)}]
    if has_button:
        button = {"text": delivery.button, "url": delivery.button_url}
        message["reply_markup"] = {"inline_keyboard": [[button]]}
    return message


def length(text: str) -> int:
    """As Telegram counts: what lies outside the basic plane, such as most emoji, is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, most: int) -> str:
    """The text, or its beginning up to the end of a line or word, with a sign that more was said."""
    text = text.strip()
    if length(text) <= most:
        return text
    kept = text.encode("utf-16-le", "surrogatepass")[: (most - length(TEXT_TOO_LONG)) * 2]
    whole = kept.decode("utf-16-le", "ignore")
    at = max(whole.rfind("\n"), whole.rfind(" "))
    return (whole[:at] if at > len(whole) // 2 else whole).rstrip() + TEXT_TOO_LONG


def _is_public(url: str) -> bool:
    """Whether Telegram takes it for a button: it refuses hosts without a dot, such as localhost."""
    return "." in (urlsplit(url).hostname or "")


def _without_token(said: str) -> str:
    return said.replace(settings.TELEGRAM_BOT_TOKEN, "…")
