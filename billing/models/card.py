"""Saved cards: what a customer may see of a payment method that the provider keeps. Card numbers are never here."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing.models.wallet import Wallet


class Card(models.Model):
    """A card saved for later payments; `reference` is the provider's payment method. A removed one stays."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="cards")
    reference = models.CharField(max_length=100, unique=True)
    brand = models.CharField(max_length=30)
    last4 = models.CharField("last four", max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()
    is_default = models.BooleanField("default", default=False)
    declined_at = models.DateTimeField(null=True, blank=True, help_text="When it last refused; empty after a success.")
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-is_default", "-id"]
        indexes = [models.Index(fields=["last4", "-id"], name="card_by_last_four")]
        constraints = [
            models.UniqueConstraint(
                fields=["wallet"], name="card_one_default", condition=Q(is_default=True, removed_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.brand} ending {self.last4}"
