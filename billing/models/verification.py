"""Results of `verify_ledger`, kept for staff."""

from __future__ import annotations

from django.db import models


class LedgerVerification(models.Model):
    """One run over all invariants. `findings` maps an invariant's name to its first offending rows."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    transactions = models.BigIntegerField(help_text="Transactions at the time of the run.")
    is_sound = models.BooleanField("sound")
    findings = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return "sound" if self.is_sound else "broken"
