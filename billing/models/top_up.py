"""Top-ups: attempts to add money, and payments: the money that arrived. One provider payment credits once.

A top-up goes created -> pending -> requires_action -> succeeded | failed | expired, with `unknown` for an outcome that
nobody knows yet: it blocks the next automatic attempt and is resolved by asking the provider. Succeeded is final;
refunds and disputes are objects of their own. Money that arrives for a failed or expired attempt is still credited.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Right, StrIndex, Substr, Upper

from billing.models.card import Card
from billing.models.grant import Grant
from billing.models.top_up_terms import PaymentProvider
from billing.models.wallet import Wallet
from organizations.fields import amount_field, currency_field, not_nan
from organizations.models import Organization


class TopUpStatus(models.TextChoices):
    """The states of a top-up."""

    CREATED = "created", "Created"
    PENDING = "pending", "Waiting for payment"
    REQUIRES_ACTION = "requires_action", "Waiting for confirmation"
    UNKNOWN = "unknown", "Outcome unknown"
    SUCCEEDED = "succeeded", "Successful"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"


BANK_REFERENCE = Upper(Substr("reference", StrIndex("reference", Value(":")) + 1))
IN_FLIGHT = (TopUpStatus.CREATED, TopUpStatus.PENDING, TopUpStatus.REQUIRES_ACTION, TopUpStatus.UNKNOWN)


class TopUpOrigin(models.TextChoices):
    """Who asked for it."""

    MANUAL = "manual", "By hand"
    AUTO = "auto", "Automatic"


class TopUp(models.Model):
    """One attempt. `amount` reaches the wallet; `net` + `tax` = `total` is its price, in money; the provider is asked
    for `charge_amount`, which is the total, or its value in the provider's currency at the frozen `exchange_rate`."""

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="top_ups", db_index=False)
    currency = currency_field()
    amount = amount_field()
    origin = models.CharField(max_length=10, choices=TopUpOrigin, default=TopUpOrigin.MANUAL)
    provider = models.CharField(max_length=12, choices=PaymentProvider)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, blank=True)
    price_currency = currency_field()
    net = amount_field(currency="price_currency")
    tax = amount_field(currency="price_currency")
    total = amount_field(currency="price_currency")
    tax_lines = models.JSONField(default=list, help_text="Name, percent, base and amount of each tax.")
    tax_treatment = models.CharField(
        max_length=20, blank=True, help_text="The rule that held, of billing.tax. Empty: tax is due on an invoice."
    )
    charge_currency = currency_field()
    charge_amount = amount_field(currency="charge_currency")
    exchange_rate = models.DecimalField(max_digits=20, decimal_places=8, null=True, blank=True)
    status = models.CharField(max_length=16, choices=TopUpStatus, default=TopUpStatus.CREATED)
    card = models.ForeignKey(Card, on_delete=models.PROTECT, null=True, blank=True)
    saves_card = models.BooleanField("saves the card", default=False)
    provider_reference = models.CharField(max_length=255, blank=True, db_index=True)
    redirect_url = models.TextField(blank=True, help_text="The provider's page, where the customer pays.")
    failure_code = models.CharField(max_length=60, blank=True)
    failure_message = models.CharField(max_length=500, blank=True, help_text="Fit to show the customer.")
    ceiling = amount_field(null=True, blank=True, help_text="The monthly ceiling when an automatic one began.")
    month = models.DateField(null=True, blank=True, help_text="Whose ceiling it counts to: the account's month.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True, help_text="When the provider is asked next.")
    checks = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "top-up"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, net__gt=0, tax__gte=0, charge_amount__gt=0, total=F("net") + F("tax"))
                & not_nan("amount", "net", "tax", "total", "charge_amount", "ceiling")
                & not_nan("exchange_rate", digits=12),
                name="top_up_amounts",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["succeeded", "failed", "expired"], finished_at__isnull=False)
                | (~Q(status__in=["succeeded", "failed", "expired"]) & Q(finished_at__isnull=True)),
                name="top_up_finished",
            ),
            models.UniqueConstraint(
                fields=["wallet"],
                name="top_up_one_automatic",
                condition=Q(origin="auto", status__in=["created", "pending", "requires_action", "unknown"]),
            ),
        ]
        indexes = [
            models.Index(fields=["wallet", "-id"], name="top_up_by_wallet"),
            models.Index(fields=["next_check_at"], name="top_up_due", condition=Q(next_check_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"Top-up {self.pk}"

    @property
    def is_in_flight(self) -> bool:
        """Whether its outcome is still to come."""
        return self.status in IN_FLIGHT


class Payment(models.Model):
    """Money that arrived: credited once, by (`provider`, `reference`). A top-up by bank transfer may have several.

    `grant` is the paid lot that it filled: a top-up's, or that of an invoice's payment, which settles what is owed at
    once. A subscription's payment fills an allotment and has no grant.
    """

    provider = models.CharField(max_length=12, choices=PaymentProvider)
    reference = models.CharField(max_length=255, help_text="The provider's payment: a PaymentIntent, an InvId.")
    charge_reference = models.CharField(max_length=255, blank=True, db_index=True)
    top_up = models.ForeignKey(TopUp, on_delete=models.PROTECT, null=True, blank=True, related_name="payments")
    subscription = models.ForeignKey(
        "billing.Subscription", on_delete=models.PROTECT, null=True, blank=True, related_name="payments"
    )
    period = models.ForeignKey(
        "billing.BillingPeriod", on_delete=models.PROTECT, null=True, blank=True, related_name="payments"
    )
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="payments", db_index=False)
    currency = currency_field()
    amount = amount_field(help_text="Credited.")
    price_currency = currency_field()
    tax = amount_field(currency="price_currency")
    total = amount_field(currency="price_currency", help_text="Its price, with tax.")
    charge_currency = currency_field()
    charge_amount = amount_field(currency="charge_currency", help_text="What the provider took.")
    grant = models.OneToOneField(Grant, on_delete=models.PROTECT, null=True, blank=True, related_name="payment")
    transaction_number = models.BigIntegerField(null=True, blank=True)
    is_live = models.BooleanField("live", help_text="Real money, not the provider's test mode.")
    card = models.CharField(max_length=60, blank=True, help_text="Brand and last four.")
    receipt_url = models.TextField(blank=True)
    details = models.JSONField(default=dict, blank=True, help_text="What the provider needs again, such as an OpKey.")
    paid_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "reference"], name="payment_once"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, total__gt=0, tax__gte=0, charge_amount__gt=0)
                & not_nan("amount", "total", "tax", "charge_amount"),
                name="payment_amounts",
            ),
            models.CheckConstraint(
                condition=Q(top_up__isnull=False, subscription__isnull=True, period__isnull=True, grant__isnull=False)
                | Q(top_up__isnull=True, subscription__isnull=False, period__isnull=True, grant__isnull=True)
                | Q(top_up__isnull=True, subscription__isnull=True, period__isnull=False, grant__isnull=False),
                name="payment_of_one_thing",
            ),
        ]
        indexes = [
            models.Index(fields=["wallet", "-id"], name="payment_by_wallet"),
            models.Index(Right("card", 4), F("id").desc(), name="payment_by_last_four", condition=~Q(card="")),
            # A transfer's reference is the bank's own, behind the id of what it pays and a colon.
            models.Index(BANK_REFERENCE, name="payment_by_bank_reference", condition=Q(provider="bank")),
        ]

    def __str__(self) -> str:
        return f"{self.get_provider_display()} {self.reference}"
