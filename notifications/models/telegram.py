"""A member's Telegram chat, linked by a deep link that works once (FACTS.md, 'Telegram'); and the pace of messages."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from organizations.models import Account


class EndReason(models.TextChoices):
    """Why a chat is linked no more."""

    UNLINKED = "unlinked", "Unlinked on our page"
    STOPPED = "stopped", "Stopped in the chat"
    BLOCKED = "blocked", "The bot was blocked, or the chat is gone"
    REPLACED = "replaced", "Linked anew"


class TelegramLink(models.Model):
    """waiting -> linked -> ended. A member's chat stays linked until the next one is. Ended links stay on record."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="telegram_links")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="telegram_links")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField(help_text="Until then the deep link can be opened.")
    chat_id = models.BigIntegerField(null=True, blank=True)
    chat_name = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    linked_at = models.DateTimeField(null=True, blank=True, help_text="By Telegram's clock.")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=40, blank=True, choices=EndReason)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "user"],
                name="telegram_one",
                condition=Q(ended_at__isnull=True, chat_id__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["account", "user"],
                name="telegram_one_waiting",
                condition=Q(ended_at__isnull=True, chat_id__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["chat_id"], name="telegram_by_chat", condition=Q(ended_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.user} in {self.account}"

    @property
    def is_linked(self) -> bool:
        """Whether alerts go there."""
        return self.chat_id is not None and self.ended_at is None


class TelegramPace(models.Model):
    """When the next message to a chat, or of the whole bot (chat 0), has its turn: one row for all workers."""

    chat_id = models.BigIntegerField(primary_key=True)
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.chat_id}: {self.next_at}"
