"""What letters carry besides their words. Apps above register it, by event; it is read when a letter is sent."""

from __future__ import annotations

from collections.abc import Callable

from notifications.models import Event, Notice

Attachment = tuple[str, bytes, str]
"""A file's name, its bytes and their type."""
_attachments: dict[Event, Callable[[Notice], list[Attachment]]] = {}


def register(event: Event, attachments: Callable[[Notice], list[Attachment]]) -> None:
    """Make letters of this event carry what `attachments` returns for the notice."""
    _attachments[event] = attachments


def attachments_of(notice: Notice | None) -> list[Attachment]:
    """The files that a letter of the notice carries: none for most."""
    registered = _attachments.get(Event(notice.event)) if notice else None
    return registered(notice) if registered and notice else []
