"""A product's terms: what its page promises about balance, calls and bonuses, as settings."""

from __future__ import annotations

from django.db import models

from billing.models.issuer import Issuer
from organizations.fields import amount_field, currency_field, not_nan
from organizations.models import OnExhaustion, Product


class ProductTerms(models.Model):
    """The terms of one product. All amounts are in the product's currency."""

    product = models.OneToOneField(Product, on_delete=models.PROTECT, primary_key=True, related_name="terms")
    issuer = models.ForeignKey(
        Issuer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="products",
        help_text="In whose name the product's documents are written. Empty: it has none.",
    )
    currency = currency_field()
    floor = amount_field(help_text="Below this balance no call starts. At zero or below none ever does.")
    on_exhaustion = models.CharField(max_length=10, choices=OnExhaustion, default=OnExhaustion.FINISH)
    hold = amount_field("hold per call", help_text="Reserved when a call starts, so that calls cannot share money.")
    hold_seconds = models.PositiveIntegerField(
        default=900, help_text="A hold that hears nothing for so long expires (a heartbeat extends it)."
    )
    cost_per_minute = amount_field(
        "expected cost per minute", help_text="For telling a service how many seconds the balance lasts. Zero: no end."
    )
    max_call_seconds = models.PositiveIntegerField(default=3600, help_text="The longest call that is authorised.")
    welcome_bonus = amount_field(help_text="Promo credit for a new account, granted once. Zero: none.")
    welcome_bonus_days = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: it never expires.")
    monthly_allotment = amount_field(help_text="Included each cycle for a new account, without carry-over. Zero: none.")
    daily_cap = amount_field(null=True, blank=True, help_text="For new accounts. Empty: none.")
    concurrency_limit = models.PositiveIntegerField(null=True, blank=True, help_text="For new accounts. Empty: none.")
    event_window_days = models.PositiveSmallIntegerField(
        default=35, help_text="An older usage event is refused as event_too_old."
    )

    approval_limit = amount_field(
        null=True,
        blank=True,
        help_text="Adjustments, promo credit and refunds by one person above this sum, on one wallet within 24 hours, "
        "wait for a second person. Zero: all of them. Empty: none.",
    )

    class Meta:
        verbose_name = "product terms"
        verbose_name_plural = "product terms"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    floor__gte=0, hold__gte=0, cost_per_minute__gte=0, welcome_bonus__gte=0, monthly_allotment__gte=0
                )
                & not_nan("floor", "hold", "cost_per_minute", "welcome_bonus", "monthly_allotment"),
                name="terms_amounts",
            ),
            models.CheckConstraint(
                condition=models.Q(daily_cap__isnull=True) | (models.Q(daily_cap__gt=0) & not_nan("daily_cap")),
                name="terms_daily_cap",
            ),
            models.CheckConstraint(
                condition=models.Q(approval_limit__isnull=True)
                | (models.Q(approval_limit__gte=0) & not_nan("approval_limit")),
                name="terms_approval_limit",
            ),
        ]

    def __str__(self) -> str:
        return f"Terms of {self.product}"
