"""Events that were refused, for staff to see what services send and why it was not taken. They leave no key behind."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from organizations.models import Service


class RejectedEvent(models.Model):
    """One refusal, with the event as it came."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="rejections")
    source = models.CharField(max_length=255, blank=True)
    event_id = models.CharField(max_length=255, blank=True)
    subject = models.CharField(max_length=255, blank=True)
    code = models.CharField(max_length=40)
    detail = models.TextField()
    body = models.TextField(help_text="As it came, cut at 4,000 characters.")
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["event_id"], name="rejection_by_event", condition=~Q(event_id=""))]

    def __str__(self) -> str:
        return f"{self.code}: {self.source} {self.event_id}"
