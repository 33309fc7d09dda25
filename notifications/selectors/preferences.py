"""What members chose to hear of, what holds for those who chose nothing, and where else an account's alerts go."""

from __future__ import annotations

from notifications.models import AlertAddress, Channel, Event, Preference
from notifications.rules import Rule

Choice = tuple[Event, Channel]
CHANNELS = (Channel.EMAIL, Channel.TELEGRAM)


def default_of(rule: Rule, channel: Channel) -> bool:
    """Whether the event comes by this channel to a member who chose nothing."""
    return rule.by_email if channel == Channel.EMAIL else rule.by_telegram


def is_locked(rule: Rule, channel: Channel) -> bool:
    """Whether nobody can switch it off: what was paid or has stopped is told by e-mail."""
    return rule.is_essential and channel == Channel.EMAIL


def choices_of(*, account_id: int, user_id: int) -> dict[Choice, bool]:
    """What the member chose; what is not in it follows the rules."""
    rows = Preference.objects.filter(account_id=account_id, user_id=user_id)
    return {(Event(row.event), Channel(row.channel)): row.is_on for row in rows}


def addresses_of(account_id: int) -> list[AlertAddress]:
    """The account's further addresses, those that have not confirmed with them."""
    return list(AlertAddress.objects.filter(account_id=account_id))
