"""The ways out of the house: one sender a channel, all of one shape."""

from __future__ import annotations

from collections.abc import Callable

from notifications.channels import email, telegram, webhook
from notifications.models import Channel, Delivery

Sender = Callable[[Delivery], str]
SENDERS: dict[str, Sender] = {
    Channel.EMAIL.value: email.send,
    Channel.TELEGRAM.value: telegram.send,
    Channel.WEBHOOK.value: webhook.send,
}
"""Each sends one delivery and returns what the other side said; raises `base.Later` and `base.Never`."""
