"""What the Union's register of VAT numbers (VIES) answered about an organization's number, and when.

Answers are kept: what was known on a day is what documents of that day were made with. A check without an answer is
asked again in the same row; an answer stands, and a later one is a row of its own.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from organizations.models import Organization


class VatCheckState(models.TextChoices):
    """What is known."""

    VALID = "valid", "Valid"
    INVALID = "invalid", "Invalid"
    UNAVAILABLE = "unavailable", "No answer yet"


class VatCheck(models.Model):
    """One question and its answer. `next_check_at` is set on the newest of a number only."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="vat_checks")
    number = models.CharField("VAT number", max_length=40)
    state = models.CharField(max_length=12, choices=VatCheckState)
    name = models.CharField(max_length=255, blank=True, help_text="As the register has it.")
    address = models.TextField(blank=True)
    consultation_number = models.CharField(max_length=64, blank=True, help_text="The register's proof of the question.")
    failures = models.PositiveSmallIntegerField(default=0, help_text="Questions in a row without an answer.")
    note = models.CharField(max_length=255, blank=True, help_text="Why there is no answer.")
    raw = models.JSONField(default=dict, help_text="What came, as it came.")
    checked_at = models.DateTimeField(help_text="When it was last asked.")
    next_check_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "VAT check"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "number"], name="vat_check_newest", condition=Q(next_check_at__isnull=False)
            )
        ]
        indexes = [
            models.Index(fields=["organization", "number", "-id"], name="vat_check_by_number"),
            models.Index(fields=["next_check_at"], name="vat_check_due", condition=Q(next_check_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.get_state_display()}"
