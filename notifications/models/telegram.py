"""A member's Telegram chat, linked by a deep link that works once (FACTS.md, 'Telegram')."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from organizations.models import Account


class TelegramLink(models.Model):
    """waiting -> linked -> ended: by the member, or because the person blocked the bot. Ended links stay on record."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="telegram_links")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="telegram_links")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField(help_text="Until then the deep link can be opened.")
    chat_id = models.BigIntegerField(null=True, blank=True)
    chat_name = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    linked_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="telegram_one", condition=Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.account}"
