"""Where a service listens for webhooks (API.md, 'Webhooks out').

on -> off (by staff, by an answer of 410, or after three days of failing) -> on. What it missed is sent on request.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from organizations.models import Service


class WebhookType(models.TextChoices):
    """What services are told (API.md, 'Webhooks out'); names are fixed."""

    WALLET_LOW = "wallet.low"
    WALLET_BLOCKED = "wallet.blocked"
    WALLET_UNBLOCKED = "wallet.unblocked"
    WALLET_TOPPED_UP = "wallet.topped_up"
    AUTO_TOP_UP_FAILED = "auto_top_up.failed"
    AUTO_TOP_UP_DISABLED = "auto_top_up.disabled"
    PROJECT_MODE_CHANGED = "project.mode_changed"


class WebhookEndpoint(models.Model):
    """One address of one service. It hears of accounts of the service's product."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="webhook_endpoints")
    url = models.URLField("URL", max_length=500)
    secret = models.CharField(max_length=100, editable=False, help_text="Signs what is sent; shown once.")
    types = ArrayField(
        models.CharField(max_length=40, choices=WebhookType), default=list, blank=True, help_text="Empty: all."
    )
    previous_secret = models.CharField(max_length=100, blank=True, editable=False)
    previous_until = models.DateTimeField(
        "old secret until",
        null=True,
        blank=True,
        editable=False,
        help_text="Until then the secret before this one signs, too.",
    )
    is_active = models.BooleanField("active", default=True)
    failing_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The first failure since it last took a message."
    )
    rests_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="It gave no answer: nothing is sent before."
    )
    disabled_at = models.DateTimeField("switched off at", null=True, blank=True, editable=False)
    disabled_reason = models.CharField("switched off because", max_length=255, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["service", "id"]
        constraints = [models.UniqueConstraint(fields=["service", "url"], name="endpoint_once")]

    def __str__(self) -> str:
        return self.url
