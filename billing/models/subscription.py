"""Plans and subscriptions: a monthly allotment paid for through the provider (atllasx.md, 'Monthly Allotment')."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from billing.models.wallet import Wallet
from organizations.fields import amount_field, currency_field, not_nan
from organizations.models import Product


class Plan(models.Model):
    """So many units a month for a price. An edited plan holds for new subscriptions only."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="plans")
    name = models.CharField(max_length=60)
    currency = currency_field()
    allotment = amount_field(help_text="Included each month, without carry-over.")
    price_currency = currency_field()
    price = amount_field(currency="price_currency", help_text="A month, before tax.")
    is_active = models.BooleanField("on sale", default=True)

    class Meta:
        ordering = ["product", "price"]
        constraints = [
            models.CheckConstraint(
                condition=Q(allotment__gt=0, price__gt=0) & not_nan("allotment", "price"), name="plan_amounts"
            ),
            models.UniqueConstraint(fields=["product", "name"], name="plan_name"),
        ]

    def __str__(self) -> str:
        return self.name


class SubscriptionStatus(models.TextChoices):
    """Whether the next month's allotment will come."""

    CREATED = "created", "Waiting for payment"
    ACTIVE = "active", "Active"
    PAST_DUE = "past_due", "Payment failed"
    ENDED = "ended", "Ended"


class Subscription(models.Model):
    """A wallet's subscription: allotment and price as they were when it began."""

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="subscriptions")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    currency = currency_field()
    allotment = amount_field()
    price_currency = currency_field()
    price = amount_field(currency="price_currency", help_text="A month, before tax.")
    tax = amount_field(currency="price_currency", help_text="A month.")
    tax_lines = models.JSONField(default=list)
    tax_treatment = models.CharField(max_length=20, blank=True, help_text="The rule that held when it began.")
    status = models.CharField(max_length=10, choices=SubscriptionStatus, default=SubscriptionStatus.CREATED)
    provider_reference = models.CharField(max_length=255, blank=True, db_index=True)
    checkout_reference = models.CharField(max_length=255, blank=True, db_index=True)
    redirect_url = models.TextField(blank=True)
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    ends_at_period_end = models.BooleanField("ends with its period", default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Until when its payment page is open.")
    next_check_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(allotment__gt=0, price__gt=0, tax__gte=0) & not_nan("allotment", "price", "tax"),
                name="subscription_amounts",
            ),
            models.UniqueConstraint(
                fields=["wallet"], name="subscription_one", condition=Q(status__in=["active", "past_due"])
            ),
        ]
        indexes = [
            models.Index(fields=["next_check_at"], name="subscription_due", condition=Q(next_check_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.plan} of {self.wallet}"
