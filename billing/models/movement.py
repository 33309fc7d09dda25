"""Hourly roll-up of a wallet's transactions, written in their own transaction and equal to them always."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from billing.models.ledger import TransactionKind
from billing.models.wallet import Wallet
from organizations.fields import amount_field, currency_field
from organizations.models import Project


class HourlyMovement(models.Model):
    """What one kind of transaction did to a wallet in one hour of the account's day, per project."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, db_index=False, db_constraint=False)
    currency = currency_field()
    kind = models.CharField(max_length=12, choices=TransactionKind)
    day = models.DateField(help_text="In the account's timezone.")
    hour = models.PositiveSmallIntegerField(help_text="Of the account's day, 0 to 23.")
    count = models.PositiveIntegerField()
    amount = amount_field()
    first_number = models.BigIntegerField()
    last_number = models.BigIntegerField()
    last_at = models.DateTimeField()
    balance_after = amount_field()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["wallet", "day", "hour", "kind", "project"], name="movement_once", nulls_distinct=False
            )
        ]
        indexes = [BrinIndex(fields=["day"], name="movement_by_day", autosummarize=True)]

    def __str__(self) -> str:
        return f"{self.day} {self.hour}:00, {self.get_kind_display()}"
