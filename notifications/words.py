"""The words of notices. Apps above register them: this one knows neither wallets nor calls.

Words are made when a notice is told, in the language that is active then, so that each reader gets their own. A link to
a page of ours names the notice's account: its reader may be a member of several.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.conf import settings

from notifications.models.notice import Event, Notice
from organizations.tenancy import link_of_account


@dataclass(frozen=True, slots=True)
class Message:
    """A notice in words: what happened, what follows from it, and the page that mends it."""

    subject: str
    paragraphs: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...] = ()
    """Figures, each with its name."""
    action: str = ""
    url: str = ""


Words = Callable[[Notice], Message]
_words: dict[Event, Words] = {}


def register(event: Event, words: Words) -> None:
    """Make `words` what notices of this event say."""
    _words[event] = words


def message_of(notice: Notice) -> Message:
    """The notice in the active language. Raises KeyError for an event that no app has words for."""
    message = _words[Event(notice.event)](notice)
    is_ours = message.url.startswith(f"{settings.SITE_URL}/")
    return replace(message, url=link_of_account(message.url, notice.account_id)) if is_ours else message
