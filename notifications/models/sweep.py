"""When each periodic sweep last ran: what `GET /readyz` and staff look at to see that none is late."""

from __future__ import annotations

from django.db import models


class SweepRun(models.Model):
    """The last run of one sweep."""

    name = models.CharField(max_length=60, primary_key=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    handled = models.PositiveIntegerField(default=0, help_text="Rows the last finished run took care of.")
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
