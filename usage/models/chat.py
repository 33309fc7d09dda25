"""Chat messages of one project and clock hour, charged as one (aitelier.md, 'Text chat charges').

An hour is first closed (its sums are final, a late message goes to the current hour instead) and then charged.
"""

from __future__ import annotations

from django.db import models

from organizations.fields import not_nan
from organizations.models import Account, Project, Service


class ChatHour(models.Model):
    """The sums of the messages of one hour of the account's clock."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT)
    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    project = models.ForeignKey(Project, on_delete=models.PROTECT)
    is_simulated = models.BooleanField("simulated")
    hour = models.DateTimeField()
    messages = models.PositiveIntegerField()
    llm_input_tokens = models.DecimalField(max_digits=24, decimal_places=6)
    llm_output_tokens = models.DecimalField(max_digits=24, decimal_places=6)
    closed_at = models.DateTimeField(null=True)
    charged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "hour", "is_simulated"], name="chat_hour_once"),
            models.CheckConstraint(
                condition=not_nan("llm_input_tokens", "llm_output_tokens", digits=18), name="chat_hour_sums"
            ),
        ]
        indexes = [models.Index(fields=["hour"], name="chat_hour_open", condition=models.Q(charged_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.project} {self.hour:%Y-%m-%d %H:00}"
