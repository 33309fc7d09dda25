"""The rule of automatic top-up: off -> on -> cooling -> on, and disabled by the third consecutive failure.

While the rule is on and nothing is in flight or cooling, `Wallet.auto_top_up_below` carries its threshold, so that a
charge which takes the balance below it rings at once; the sweep finds what was missed.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from billing.models.wallet import Wallet
from organizations.fields import amount_field, currency_field, not_nan

FAILURES_MAX = 3


class AutoTopUpStatus(models.TextChoices):
    """Whether the rule may charge."""

    OFF = "off", "Off"
    ON = "on", "On"
    COOLING = "cooling", "Waiting after a failure"
    DISABLED = "disabled", "Turned off by three failures"


class AutoTopUp(models.Model):
    """A wallet's rule: below `threshold`, add `amount` (or a multiple that closes the gap) by the default card."""

    wallet = models.OneToOneField(Wallet, on_delete=models.PROTECT, primary_key=True, related_name="auto_top_up")
    currency = currency_field()
    status = models.CharField(max_length=10, choices=AutoTopUpStatus, default=AutoTopUpStatus.OFF)
    threshold = amount_field(help_text="When less than this remains, the card is charged.")
    amount = amount_field(help_text="Added each time.")
    monthly_ceiling = amount_field(null=True, blank=True, help_text="Most in a calendar month. Empty: no ceiling.")
    failures = models.PositiveSmallIntegerField("consecutive failures", default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True, help_text="Not before, after a failure.")
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    agreed_at = models.DateTimeField(null=True, blank=True, help_text="When a member last turned it on.")

    class Meta:
        verbose_name = "automatic top-up"
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold__gt=0, amount__gt=0, failures__lte=FAILURES_MAX) & not_nan("threshold", "amount"),
                name="auto_top_up_amounts",
            ),
            models.CheckConstraint(
                condition=Q(monthly_ceiling__isnull=True) | (Q(monthly_ceiling__gt=0) & not_nan("monthly_ceiling")),
                name="auto_top_up_ceiling",
            ),
            models.CheckConstraint(
                condition=Q(failures__lt=FAILURES_MAX) | ~Q(status__in=["on", "cooling"]), name="auto_top_up_disabled"
            ),
        ]

    def __str__(self) -> str:
        return f"Automatic top-up of {self.wallet}"
