"""Reconciliation: what the provider's books and ours say, compared, and every difference kept until it is explained."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from billing.models.top_up_terms import PaymentProvider
from billing.models.wallet import Wallet


class ReconciliationRun(models.Model):
    """One comparison over the provider's objects since `since`."""

    since = models.DateTimeField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    compared = models.PositiveIntegerField(default=0, help_text="Payments, refunds and disputes looked at.")
    settled = models.PositiveIntegerField(default=0, help_text="What a lost notice had left open.")
    differences = models.PositiveIntegerField(default=0, help_text="Open afterwards.")
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Reconciliation of {self.started_at:%Y-%m-%d %H:%M}"


class DifferenceKind(models.TextChoices):
    """In what the provider and the ledger disagree."""

    UNKNOWN_PAYMENT = "unknown_payment", "Paid at the provider, not ours"
    MISSING_PAYMENT = "missing_payment", "Credited here, not paid at the provider"
    WRONG_AMOUNT = "wrong_amount", "Another amount"
    WRONG_CURRENCY = "wrong_currency", "Another currency"
    WRONG_ACCOUNT = "wrong_account", "Another customer"
    WRONG_MODE = "wrong_mode", "Test money and real money mixed"
    UNKNOWN_REFUND = "unknown_refund", "Refunded at the provider, not here"
    MISSING_REFUND = "missing_refund", "Refunded here, not at the provider"
    UNKNOWN_DISPUTE = "unknown_dispute", "Disputed payment that is not ours"
    OVERPAID = "overpaid", "More money than was asked for"


class PaymentDifference(models.Model):
    """One disagreement about one object of the provider. It stays open until it vanishes or staff explain it."""

    provider = models.CharField(max_length=12, choices=PaymentProvider)
    kind = models.CharField(max_length=20, choices=DifferenceKind)
    reference = models.CharField(max_length=255)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    expected = models.CharField(max_length=255, blank=True)
    found = models.CharField(max_length=255, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    explanation = models.CharField(max_length=500, blank=True)
    explained_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True, help_text="Explained, or gone by itself.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "kind", "reference"], name="payment_difference_once")
        ]
        indexes = [models.Index(fields=["-id"], name="payment_difference_open", condition=Q(closed_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.reference}"
