"""What people write to the bot: `/start <token>` links their chat, `/stop` unlinks it, blocking the bot does so, too.

Telegram repeats an update until it is answered, so that every one may come twice, and late: a repeated `/start` says
the same again, a repeated `/stop` ends no link that was made after it. The answer travels in the webhook's response.
Groups are not spoken with: whoever is in one would read what concerns the account.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from msgspec import Meta, Struct, field

from notifications.models import EndReason, TelegramLink
from notifications.services.telegram import NoSuchLinkError, end_chat, link_chat
from organizations.languages import speaking
from organizations.tenancy import link_of_account

ALLOWED = ["message", "my_chat_member"]
"""The kinds of updates that Telegram is asked for."""
GONE = ("kicked", "left")
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Moment = Annotated[int, Meta(ge=0, le=2**34)]


class Chat(Struct):
    """Where something was written."""

    id: Int64
    type: str
    first_name: str = ""
    last_name: str = ""
    username: str = ""


class Person(Struct):
    """Who wrote it."""

    language_code: str = ""


class Message(Struct):
    """One message."""

    chat: Chat
    date: Moment
    text: str = ""
    sender: Person = field(name="from", default_factory=Person)


class Member(Struct):
    """The bot's place in a chat."""

    status: str


class Change(Struct):
    """The bot's place in a chat has changed."""

    chat: Chat
    date: Moment
    new_chat_member: Member


class Update(Struct):
    """One update; whatever else it holds is of no interest."""

    update_id: int
    message: Message | None = None
    my_chat_member: Change | None = None


def handle(body: bytes) -> dict[str, Any] | None:
    """Do what an update wants; the method that Telegram shall carry out in return, if any.

    Raises msgspec.DecodeError for what is no JSON. What has another shape than ours needs no answer.
    """
    try:
        update = msgspec.json.decode(body, type=Update)
    except msgspec.ValidationError:
        return None
    change = update.my_chat_member
    if change is not None and change.chat.type == "private" and change.new_chat_member.status in GONE:
        end_chat(chat_id=change.chat.id, reason=EndReason.BLOCKED, before=_moment(change.date))
    message = update.message
    if message is None or message.chat.type != "private":
        return None
    return {"method": "sendMessage", "chat_id": message.chat.id, "text": _answer(message)}


def _answer(message: Message) -> str:
    command, _space, token = message.text.partition(" ")
    if command == "/start" and token.strip():
        return _start(message, token.strip())
    if command == "/stop":
        return _stop(message)
    linked = TelegramLink.objects.filter(chat_id=message.chat.id, ended_at__isnull=True)
    links = list(linked.select_related("account__product", "user").order_by("id"))
    if links:
        with speaking(links[0].user, links[0].account):
            return _("The alerts of %(accounts)s come to this chat. Send /stop to end them.") % _named(links)
    with _speaking_to(message):
        return _("No account is linked to this chat. Link one here: %(url)s") % {"url": _page()}


def _start(message: Message, token: str) -> str:
    chat = message.chat
    name = f"@{chat.username}" if chat.username else f"{chat.first_name} {chat.last_name}".strip()
    try:
        link = link_chat(token=token, chat_id=chat.id, chat_name=name, at=_moment(message.date))
    except NoSuchLinkError:
        with _speaking_to(message):
            return _("This link has expired or was used before. Make a new one here: %(url)s") % {"url": _page()}
    with speaking(link.user, link.account):
        return _(
            "Linked to %(accounts)s. Its alerts about balance, limits and payments now come to this chat. "
            "Send /stop to end them."
        ) % _named([link])


def _stop(message: Message) -> str:
    ended = end_chat(chat_id=message.chat.id, reason=EndReason.STOPPED, before=_moment(message.date))
    if not ended:
        with _speaking_to(message):
            return _("No account is linked to this chat, so nothing comes here.")
    with speaking(ended[0].user, ended[0].account):
        return _("The alerts of %(accounts)s no longer come to this chat. Link it again here: %(url)s") % {
            **_named(ended),
            "url": link_of_account(_page(), ended[0].account_id),
        }


def _named(links: Iterable[TelegramLink]) -> dict[str, str]:
    names = [f"{link.account.name} ({link.account.product.name})" for link in links]
    return {"accounts": get_text_list(names, _("and"))}


def _speaking_to(message: Message) -> translation.override:
    """In the language of the person's Telegram, where it is one of ours."""
    code = message.sender.language_code.partition("-")[0]
    return translation.override(code if code in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE)


def _page() -> str:
    return f"{settings.SITE_URL}{reverse('limits')}#telegram"


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
