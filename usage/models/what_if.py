"""What-if runs: what the calls of some days would have cost on a rate-card version, next to what they did cost.

A run is asked for, priced by one worker at a time in batches, and then stands: requested -> running -> done | stopped
| failed. It writes nothing but itself and its accounts. The sums compare like with like: `actual` and `would_be` are
both of the calls that the version prices; what it would refuse stands apart. Reversed and simulated calls are left out.
"""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from organizations.fields import AMOUNT_DECIMALS, currency_field, not_nan
from organizations.models import Account, Product
from usage.models.rate_card import RateCardVersion


def sum_field(help_text: str) -> models.DecimalField[Decimal, Decimal]:
    """A sum of charges, in the run's currency."""
    return models.DecimalField(
        max_digits=20, decimal_places=AMOUNT_DECIMALS, default=Decimal(0), editable=False, help_text=help_text
    )


class WhatIfStatus(models.TextChoices):
    """The states of a run."""

    REQUESTED = "requested", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    STOPPED = "stopped", "Stopped"
    FAILED = "failed", "Failed"


UNFINISHED = (WhatIfStatus.REQUESTED, WhatIfStatus.RUNNING)


class WhatIfRun(models.Model):
    """The calls charged on `first_day` to `last_day`, each by its account's calendar, priced on `version`."""

    version = models.ForeignKey(
        RateCardVersion,
        on_delete=models.SET_NULL,
        null=True,
        related_name="what_ifs",
        help_text="Empty once a draft was thrown away.",
    )
    version_name = models.CharField("priced on", max_length=160)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="As if it were on the card. Empty: every account that the card prices.",
    )
    first_day = models.DateField()
    last_day = models.DateField(help_text="Included.")
    currency = currency_field()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(max_length=10, choices=WhatIfStatus, default=WhatIfStatus.REQUESTED)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="Workers that took it.")
    leased_until = models.DateTimeField(null=True, help_text="Its worker is taken for dead after it.")
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=255, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True, help_text="Of the prices that it was made with.")

    at_account = models.BigIntegerField(default=0, help_text="Priced up to this account,")
    at_day = models.DateField(null=True, help_text="back to this day")
    at_event = models.BigIntegerField(default=0, help_text="and this event.")

    calls_expected = models.PositiveBigIntegerField(default=0)
    calls = models.PositiveBigIntegerField(default=0, help_text="Calls and events that were looked at.")
    changed = models.PositiveBigIntegerField(default=0, help_text="Of these, with another price.")
    own_card = models.PositiveBigIntegerField(default=0, help_text="Of these, priced by their account's own card.")
    unpriced = models.PositiveBigIntegerField(default=0, help_text="Of these, without a price on the version.")
    actual = sum_field("What was charged for what the version prices.")
    would_be = sum_field("What the same would have cost.")
    unpriced_actual = sum_field("What was charged for what the version has no price for.")
    components = models.JSONField(default=dict, help_text="By component: label, actual, would_be.")
    most_changed = models.JSONField(default=list, help_text="The calls whose price changes most.")
    first_unpriced = models.JSONField(default=list, help_text="Some of the calls without a price, and why.")

    class Meta:
        verbose_name = "what-if"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(first_day__lte=F("last_day")), name="what_if_days"),
            models.CheckConstraint(condition=not_nan("actual", "would_be", "unpriced_actual"), name="what_if_sums"),
        ]
        indexes = [
            models.Index(fields=["id"], name="what_if_unfinished", condition=Q(status__in=["requested", "running"])),
        ]

    def __str__(self) -> str:
        return f"{self.version_name}, {self.first_day} to {self.last_day}"

    @property
    def is_unfinished(self) -> bool:
        """Whether a worker is still to price calls."""
        return self.status in UNFINISHED

    @property
    def difference(self) -> Decimal:
        """What the version would have brought more; negative where it would have brought less."""
        return self.would_be - self.actual


class WhatIfAccount(models.Model):
    """One account's share of a run."""

    run = models.ForeignKey(WhatIfRun, on_delete=models.CASCADE, related_name="accounts")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    currency = currency_field()
    calls = models.PositiveBigIntegerField(default=0)
    changed = models.PositiveBigIntegerField(default=0)
    own_card = models.PositiveBigIntegerField(default=0, help_text="Priced by the account's own card.")
    unpriced = models.PositiveBigIntegerField(default=0)
    actual = sum_field("What was charged for what the version prices.")
    would_be = sum_field("What the same would have cost.")
    unpriced_actual = sum_field("What was charged for what the version has no price for.")

    class Meta:
        verbose_name = "what-if of an account"
        verbose_name_plural = "what-ifs by account"
        ordering = ["run", "account"]
        constraints = [
            models.UniqueConstraint(fields=["run", "account"], name="what_if_account_once"),
            models.CheckConstraint(
                condition=not_nan("actual", "would_be", "unpriced_actual"), name="what_if_account_sums"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.actual} → {self.would_be}"

    @property
    def difference(self) -> Decimal:
        """What the account would have paid more; negative where less."""
        return self.would_be - self.actual
