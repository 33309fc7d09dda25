"""The outbox: one row per message that must leave the house.

A row is written in the transaction of what it tells, or from the notice that was (`notifications.models.Notice`), sent
by a worker after commit and found by a sweep when the doorbell was lost. `key` makes one row per event, channel and
address, however often the event is told; `uid` is what receivers know the message by, at every attempt the same.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models

from notifications.models.endpoint import WebhookEndpoint
from notifications.models.notice import Notice
from notifications.models.telegram import TelegramLink
from organizations.models import Account


class Channel(models.TextChoices):
    """How a message travels."""

    EMAIL = "email", "E-mail"
    TELEGRAM = "telegram", "Telegram"
    WEBHOOK = "webhook", "Webhook"


class Delivery(models.Model):
    """One message to one address."""

    Channel = Channel

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting"
        SENT = "sent", "Sent"
        DEAD = "dead", "Given up"

    key = models.CharField(max_length=200, unique=True, editable=False)
    uid = models.UUIDField(unique=True, db_default=RandomUUID(), editable=False)
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, null=True, blank=True, related_name="deliveries")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True, related_name="deliveries")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    channel = models.CharField(max_length=10, choices=Channel)
    recipient = models.CharField(max_length=500, help_text="The address: e-mail, chat or URL.")
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, null=True, blank=True)
    telegram = models.ForeignKey(TelegramLink, on_delete=models.PROTECT, null=True, blank=True)
    subject = models.CharField(max_length=255, blank=True)
    body = models.TextField()
    html = models.TextField("HTML", blank=True)
    button = models.CharField(max_length=100, blank=True, help_text="In a chat: what the link says.")
    button_url = models.CharField("button's address", max_length=500, blank=True)
    unsubscribe_url = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    next_attempt_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["channel", "next_attempt_at", "id"],
                name="delivery_due_by_channel",
                condition=models.Q(status="pending"),
            ),
            models.Index(fields=["id"], name="delivery_dead", condition=models.Q(status="dead")),
            models.Index(fields=["recipient", "-id"], name="delivery_by_recipient"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.recipient}"


class Attempt(models.Model):
    """One try to send a delivery; without an outcome while it lasts, and for ever where the worker died."""

    class Outcome(models.TextChoices):
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        REFUSED = "refused", "Refused for good"

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="log")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    said = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.get_outcome_display() or 'Outcome unknown'}: {self.said}"
