"""Grants: lots of credit in a wallet.

Calls draw them down by priority, then earliest expiry, then allotment, promo, paid, then oldest. Paid grants have a
priority of their own behind all others, so paid money is never spent while promo or allotment is left; paid grants
never expire (aitelier.md, 'No expiry').
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from billing.models.wallet import Wallet
from organizations.fields import amount_field, currency_field, not_nan

PAID_PRIORITY = 100
DEFAULT_PRIORITY = 10


class GrantKind(models.TextChoices):
    """Where a lot of credit belongs; the declaration order is the order of spending among equals."""

    ALLOTMENT = "allotment", "Allotment"
    PROMO = "promo", "Promo"
    PAID = "paid", "Paid"


class Grant(models.Model):
    """A lot of credit. What it was given and what was taken from it are transfers that name it."""

    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="grants", db_index=False, db_constraint=False
    )
    currency = currency_field()
    kind = models.CharField(max_length=10, choices=GrantKind)
    priority = models.PositiveSmallIntegerField(default=DEFAULT_PRIORITY)
    amount = amount_field()
    remaining = amount_field()
    is_spent = models.BooleanField(
        "used up", default=False, db_default=False, editable=False, help_text="Nothing remains."
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=100, help_text="What it came from, such as welcome or top_up:17.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, remaining__gte=0, remaining__lte=F("amount")) & not_nan("amount"),
                name="grant_amounts",
            ),
            models.CheckConstraint(
                condition=Q(kind="paid", priority=PAID_PRIORITY, expires_at__isnull=True)
                | (~Q(kind="paid") & Q(priority__lt=PAID_PRIORITY)),
                name="grant_paid_is_spent_last",
            ),
            models.CheckConstraint(
                condition=Q(is_spent=True, remaining=0) | Q(is_spent=False, remaining__gt=0), name="grant_is_spent"
            ),
            models.UniqueConstraint(fields=["id", "wallet"], name="grant_id_wallet"),
        ]
        indexes = [
            # On a column that seldom changes: an index that looks at `remaining` would make every charge rewrite it.
            models.Index(fields=["wallet"], name="grant_spendable", condition=Q(is_spent=False)),
            models.Index(fields=["wallet", "-id"], name="grant_by_wallet"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"
