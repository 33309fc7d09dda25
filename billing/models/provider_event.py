"""The inbox: what providers told us, written down before anything is believed.

A webhook says only which object to look at. A worker re-reads that object at the provider, outside any transaction,
and then settles in one of ours. A row is found by the sweep when the doorbell was lost; staff may replay it.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing.models.top_up_terms import PaymentProvider


class ProviderEventStatus(models.TextChoices):
    """What became of an event."""

    PENDING = "pending", "Waiting"
    DONE = "done", "Handled"
    IGNORED = "ignored", "Nothing to do"
    FAILED = "failed", "Given up"


class ProviderEvent(models.Model):
    """One notice of a provider. (`provider`, `event_id`) makes a repetition one row."""

    provider = models.CharField(max_length=12, choices=PaymentProvider)
    event_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=80, help_text="The provider's word, such as checkout.session.completed.")
    object_kind = models.CharField(max_length=40, help_text="What to look at, such as payment_intent.")
    object_id = models.CharField(max_length=255)
    status = models.CharField(max_length=10, choices=ProviderEventStatus, default=ProviderEventStatus.PENDING)
    outcome = models.CharField(max_length=255, blank=True, help_text="What it came to, in words.")
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    received_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    handled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="provider_event_once")]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="provider_event_due", condition=Q(status="pending")),
            models.Index(fields=["provider", "object_id"], name="provider_event_object"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"
