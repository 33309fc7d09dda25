"""Refunds of unspent paid balance, each to the payment that it came from, and disputes of payments by cardholders.

Refund: requested -> approved -> submitted -> succeeded | failed, or declined by staff. Approval takes the money out of
the wallet first; a failure, at once or later, gives it back once. Dispute: opened (freeze, claw back) -> won
(reinstate) | lost.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from billing.models.top_up import Payment
from billing.models.wallet import Wallet
from organizations.fields import amount_field, currency_field, not_nan


class RefundStatus(models.TextChoices):
    """The states of a refund."""

    REQUESTED = "requested", "Requested"
    APPROVED = "approved", "Approved"
    SUBMITTED = "submitted", "On its way"
    SUCCEEDED = "succeeded", "Refunded"
    FAILED = "failed", "Failed"
    DECLINED = "declined", "Declined"


class Refund(models.Model):
    """Part or all of one payment's unspent money on its way back. `amount` leaves the wallet; the payer gets
    `charge_amount`, which is its share of what was paid, tax included."""

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.UUIDField(default=uuid.uuid4, db_index=True, help_text="The same for all that were asked at once.")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="refunds", db_index=False)
    currency = currency_field()
    amount = amount_field()
    price_currency = currency_field()
    tax = amount_field(currency="price_currency")
    total = amount_field(currency="price_currency")
    charge_currency = currency_field()
    charge_amount = amount_field(currency="charge_currency")
    status = models.CharField(max_length=12, choices=RefundStatus, default=RefundStatus.REQUESTED)
    reason = models.CharField(max_length=255, blank=True)
    is_from_provider = models.BooleanField("made at the provider", default=False)
    provider_reference = models.CharField(max_length=255, blank=True, db_index=True)
    failure_message = models.CharField(max_length=500, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decision = models.CharField(max_length=255, blank=True, help_text="Why staff approved or declined it.")
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    checks = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, total__gt=0, tax__gte=0, charge_amount__gt=0)
                & not_nan("amount", "total", "tax", "charge_amount"),
                name="refund_amounts",
            ),
            models.UniqueConstraint(
                fields=["payment"], name="refund_one_open_request", condition=Q(status="requested")
            ),
        ]
        indexes = [
            models.Index(fields=["wallet", "-id"], name="refund_by_wallet"),
            models.Index(fields=["next_check_at"], name="refund_due", condition=Q(next_check_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"Refund {self.pk}"


class DisputeStatus(models.TextChoices):
    """The states of a dispute; an inquiry has taken no money yet."""

    INQUIRY = "inquiry", "Inquiry"
    OPENED = "opened", "Opened"
    WON = "won", "Won"
    LOST = "lost", "Lost"


class Dispute(models.Model):
    """A payment that its cardholder disputes. `amount` is its share of what was credited."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="disputes")
    currency = currency_field()
    amount = amount_field()
    charge_currency = currency_field()
    charge_amount = amount_field(currency="charge_currency")
    provider_reference = models.CharField(max_length=255, unique=True)
    reason = models.CharField(max_length=60, blank=True)
    status = models.CharField(max_length=10, choices=DisputeStatus, default=DisputeStatus.OPENED)
    froze_wallet = models.BooleanField(default=False, help_text="The wallet was not frozen before it.")
    evidence_due_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, charge_amount__gt=0) & not_nan("amount", "charge_amount"),
                name="dispute_amounts",
            )
        ]

    def __str__(self) -> str:
        return f"Dispute {self.provider_reference}"
