"""Callers whose calls are not taken any more, for one account or a whole product. A block is lifted, never removed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from organizations.models import Account, Product

NUMBER_LENGTH = 64
REASON_LENGTH = 255


class BlockedCaller(models.Model):
    """A number whose calls are denied since `blocked_at`, until `lifted_at`."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="blocked_callers",
        help_text="Whose calls. Empty: those of every account of the product.",
    )
    number = models.CharField(max_length=NUMBER_LENGTH, help_text="As it is compared: without spaces and dashes.")
    written = models.CharField("number as reported", max_length=NUMBER_LENGTH)
    reason = models.CharField(max_length=REASON_LENGTH)
    blocked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    blocked_at = models.DateTimeField()
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_because = models.CharField(max_length=REASON_LENGTH, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "account", "number"],
                name="blocked_caller_once",
                condition=Q(lifted_at__isnull=True),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="blocked_caller_lifted_by_somebody",
            ),
            models.CheckConstraint(condition=~Q(number=""), name="blocked_caller_number"),
        ]

    def __str__(self) -> str:
        return f"{self.written}, {self.account or self.product}"
