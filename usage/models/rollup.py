"""Daily roll-ups of usage, written in the transaction of the charges they sum and equal to the events always.

A row sums the events charged on one of the account's days, less those voided since: `DailyUsage` the events,
`DailyComponent` the lines of their charges.
"""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from organizations.fields import amount_field, currency_field, not_nan
from organizations.models import Account, Project
from usage.models.event import EventType


class DailyUsage(models.Model):
    """One day of one project, by what was used and how it ended."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    day = models.DateField()
    is_simulated = models.BooleanField()
    event_type = models.CharField(max_length=40, choices=EventType)
    channel = models.CharField(max_length=20)
    model = models.CharField(max_length=80)
    tier = models.CharField(max_length=40)
    outcome = models.CharField(max_length=20)
    currency = currency_field()
    count = models.IntegerField()
    free_count = models.IntegerField()
    seconds = models.DecimalField(max_digits=20, decimal_places=6)
    tokens = models.DecimalField(max_digits=24, decimal_places=6)
    spent = amount_field()
    cost = amount_field()
    costed_spent = amount_field(
        default=Decimal,
        db_default=Decimal(0),  # processes of the version before write rows without it until they end
        help_text="Of what was spent: on events of which services reported what providers were paid.",
    )

    class Meta:
        verbose_name_plural = "daily usage"
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "account",
                    "day",
                    "project",
                    "is_simulated",
                    "event_type",
                    "channel",
                    "model",
                    "tier",
                    "outcome",
                ],
                name="daily_usage_once",
            ),
            models.CheckConstraint(
                condition=not_nan("seconds", "spent", "cost", "costed_spent") & not_nan("tokens", digits=18),
                name="daily_usage_sums",
            ),
        ]
        indexes = [BrinIndex(fields=["day"], name="daily_usage_by_day", autosummarize=True)]

    def __str__(self) -> str:
        return f"{self.day} {self.event_type}"


class DailyComponent(models.Model):
    """What one day of one project was charged for, by component of the rate card."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    day = models.DateField()
    is_simulated = models.BooleanField()
    event_type = models.CharField(max_length=40, choices=EventType)
    model = models.CharField(max_length=80)
    tier = models.CharField(max_length=40)
    outcome = models.CharField(max_length=20)
    component = models.CharField(max_length=40)
    unit = models.CharField(max_length=20)
    currency = currency_field()
    count = models.IntegerField(help_text="Charge lines.")
    quantity = models.DecimalField(max_digits=30, decimal_places=12, help_text="In the unit.")
    amount = amount_field()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "account",
                    "day",
                    "project",
                    "is_simulated",
                    "event_type",
                    "model",
                    "tier",
                    "outcome",
                    "component",
                    "unit",
                ],
                name="daily_component_once",
            ),
            models.CheckConstraint(
                condition=not_nan("amount") & not_nan("quantity", digits=18), name="daily_component_sums"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.component}"
