"""Who wants to hear of what, and where else an account's alerts go."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Lower

from notifications.models.notice import Event
from organizations.models import Account


class Preference(models.Model):
    """A member's choice for one event on one channel; without a row the event's default holds."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="preferences")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preferences")
    event = models.CharField(max_length=30, choices=Event)
    channel = models.CharField(max_length=10, choices=[("email", "E-mail"), ("telegram", "Telegram")])
    is_on = models.BooleanField("on")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "user", "event", "channel"], name="preference_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_event_display()} by {self.get_channel_display()}"


class AlertAddress(models.Model):
    """An e-mail address besides the members' own (aipbx.md, 'Notify via email'); it hears once it has confirmed."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="alert_addresses")
    email = models.EmailField()
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    unsubscribed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["email"]
        constraints = [models.UniqueConstraint(fields=["account", "email"], name="alert_address_once")]
        indexes = [models.Index(OpClass(Lower("email"), "text_pattern_ops"), name="alert_address_by_email")]

    def __str__(self) -> str:
        return self.email

    @property
    def is_told(self) -> bool:
        """Whether alerts go there."""
        return self.confirmed_at is not None and self.unsubscribed_at is None
