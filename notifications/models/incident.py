"""Incidents: something failed that the customer can mend, shown as a banner until it is.

open -> dismissed -> resolved; a new failure of the same kind resolves the old incident and opens a new one, so that a
banner which was dismissed comes back (atllasx.md, 'Failed Payments': "Each failure has its own dismiss state").
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from organizations.models import Account


class Incident(models.Model):
    """One failure. `kind` names the process (`auto_top_up`), `reason` why it failed; at most one of a kind is open."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="incidents")
    kind = models.CharField(max_length=30)
    reason = models.CharField(max_length=40)
    subject = models.CharField(max_length=100, blank=True, help_text="What it is about, such as top_up:17.")
    details = models.JSONField(default=dict, help_text="What the banner says besides the reason.")
    opened_at = models.DateTimeField()
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind"], name="incident_one_open", condition=Q(resolved_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}".replace("_", " ")
