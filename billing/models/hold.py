"""Holds: money reserved for a call in progress, so that calls starting at once cannot spend the same money.

A hold ends once: active -> captured (by the call's usage event), released (never connected) or expired. A `call_id`
has at most one hold that is not expired; `release` of a call never heard of leaves a tombstone (no wallet, amount 0)
so that its delayed authorisation is denied with `call_ended`.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from billing.models.wallet import Wallet
from organizations.fields import amount_field, currency_field, not_nan
from organizations.models import Project, Service


class HoldStatus(models.TextChoices):
    """The states of a hold; all but the first are final."""

    ACTIVE = "active", pgettext_lazy("hold", "Active")
    CAPTURED = "captured", pgettext_lazy("hold", "Captured")
    RELEASED = "released", pgettext_lazy("hold", "Released")
    EXPIRED = "expired", pgettext_lazy("hold", "Expired")


class Hold(models.Model):
    """Money reserved for one call."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    call_id = models.CharField(max_length=255)
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, null=True, related_name="holds", db_index=False, db_constraint=False
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, db_index=False, db_constraint=False)
    currency = currency_field()
    amount = amount_field()
    is_simulated = models.BooleanField(
        "simulated",
        default=False,
        db_default=False,
        help_text="A sandbox call: followed like any other, reserves nothing.",
    )
    status = models.CharField(max_length=10, choices=HoldStatus, default=HoldStatus.ACTIVE)
    request = models.JSONField(default=dict, help_text="The authorisation as it was asked.")
    answer = models.JSONField(default=dict, help_text="The answer as it was given.")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["service", "call_id"], name="hold_one_per_call", condition=~Q(status="expired")
            ),
            models.CheckConstraint(condition=Q(amount__gte=0) & not_nan("amount"), name="hold_amount"),
            models.CheckConstraint(condition=Q(is_simulated=False) | Q(amount=0), name="hold_simulated"),
            models.CheckConstraint(
                condition=Q(status="active", ended_at__isnull=True, wallet__isnull=False)
                | (~Q(status="active") & Q(ended_at__isnull=False)),
                name="hold_ends_once",
            ),
        ]
        indexes = [
            models.Index(fields=["wallet"], name="hold_active", condition=Q(status="active")),
            models.Index(fields=["expires_at"], name="hold_due", condition=Q(status="active")),
            models.Index(fields=["service", "call_id"], name="hold_expired", condition=Q(status="expired")),
        ]

    def __str__(self) -> str:
        return self.call_id
