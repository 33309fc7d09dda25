"""What accounts were told, as letters that a worker would send next."""

from __future__ import annotations

from notifications.models import Channel, Delivery
from notifications.services.fan_out import expand_due


def letters(key: str) -> list[Delivery]:
    """The letters of the notices whose key has this in it, oldest notice first, each notice's by address."""
    expand_due()
    found = Delivery.objects.filter(channel=Channel.EMAIL, notice__key__contains=key)
    return list(found.order_by("notice_id", "recipient"))
