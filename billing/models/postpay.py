"""Postpay: the terms of accounts that pay by monthly invoice, and their periods.

Period: draft -> open -> paid | overdue -> paid | uncollectible | void. A period is a month of the account's calendar,
its two ends frozen as instants; it is closed once, after a grace for late usage, and has one invoice, or none (nothing
to pay). What it invoices is owed in the ledger already: the wallet's debt, to which closing adds the tax. So at any
time the wallet's debt is what its closed periods still ask for and what is on no invoice yet.
"""

from __future__ import annotations

import uuid
from decimal import ROUND_CEILING, Decimal

from django.db import models
from django.db.models import F, Q

from billing.models.top_up_terms import PaymentProvider
from billing.models.wallet import Wallet
from organizations.fields import amount_field, currency_field, not_nan
from organizations.models import Organization

CENT = Decimal("0.01")
COLLECTS_BY = [(PaymentProvider.STRIPE.value, "Stripe Invoice"), (PaymentProvider.BANK.value, "Bank transfer")]


class PostpayTerms(models.Model):
    """How one account pays by invoice (aitelier.md, 'Postpay'); the credit limit and the mode are the wallet's."""

    wallet = models.OneToOneField(Wallet, on_delete=models.PROTECT, primary_key=True, related_name="postpay_terms")
    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        help_text="Invoices go to it. Empty: to the account.",
    )
    collects_by = models.CharField(
        max_length=12,
        choices=COLLECTS_BY,
        default=PaymentProvider.STRIPE.value,
    )
    net_days = models.PositiveSmallIntegerField(default=30, help_text="From the invoice to the day it is due.")
    late_usage_hours = models.PositiveSmallIntegerField(
        default=72, help_text="After the period's end: usage of it that comes by then belongs to it."
    )
    overdue_grace_days = models.PositiveSmallIntegerField(
        default=3, help_text="After the due day, before new calls are refused."
    )
    starts_on = models.DateField(help_text="The account's day from which it pays by invoice.")
    ends_on = models.DateField(null=True, blank=True, help_text="The last day. Set by switching back to prepaid.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "postpay terms"
        verbose_name_plural = "postpay terms"

    def __str__(self) -> str:
        return f"Postpay terms of {self.wallet}"


class PeriodStatus(models.TextChoices):
    """The states of a period and its invoice."""

    DRAFT = "draft", "Running"
    OPEN = "open", "To pay"
    PAID = "paid", "Paid"
    OVERDUE = "overdue", "Overdue"
    UNCOLLECTIBLE = "uncollectible", "Uncollectible"
    VOID = "void", "Void"


class BillingPeriod(models.Model):
    """One month of a postpay account. `net` + `tax` = `total` is what its invoice states; `settled` has come of it.

    `last_number` is the wallet's newest transaction when it was closed: of what was charged up to it since the wallet
    pays by invoice (`since_number`), all that happened before `ends_at` and stands on no earlier invoice is this one's.
    """

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="periods", db_index=False)
    starts_on = models.DateField()
    ends_on = models.DateField(help_text="The last day.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="The first instant after it.")
    closes_at = models.DateTimeField(help_text="When late usage has had its time.")
    status = models.CharField(max_length=14, choices=PeriodStatus, default=PeriodStatus.DRAFT)
    currency = currency_field()
    usage = amount_field(
        default=Decimal,
        help_text="What its usage cost, reversals taken off, whether promo, the balance or nobody paid.",
    )
    net = amount_field(default=Decimal)
    tax = amount_field(default=Decimal)
    total = amount_field(default=Decimal)
    settled = amount_field(default=Decimal)
    since_number = models.BigIntegerField(
        default=0, editable=False, help_text="The wallet's newest transaction when it began to pay by invoice."
    )
    last_number = models.BigIntegerField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    blocks_on = models.DateField(null=True, blank=True, help_text="Unpaid on this day, new calls are refused.")
    paid_at = models.DateTimeField(null=True, blank=True)
    collects_by = models.CharField(max_length=12, choices=PaymentProvider, blank=True)
    provider_reference = models.CharField(max_length=255, blank=True, db_index=True)
    pay_url = models.TextField(blank=True, help_text="The provider's page, where the customer pays.")
    reminders = models.PositiveSmallIntegerField(default=0)
    next_check_at = models.DateTimeField(null=True, blank=True, help_text="When there is something to do next.")
    checks = models.PositiveSmallIntegerField(default=0)
    note = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["wallet", "starts_on"], name="period_once"),
            models.UniqueConstraint(fields=["wallet"], name="period_one_running", condition=Q(status="draft")),
            models.CheckConstraint(
                condition=Q(
                    net__gte=0,
                    tax__gte=0,
                    total=F("net") + F("tax"),
                    settled__gte=0,
                    settled__lte=F("total"),
                    starts_at__lt=F("ends_at"),
                )
                & not_nan("usage", "net", "tax", "total", "settled"),
                name="period_amounts",
            ),
            models.CheckConstraint(
                condition=Q(status="draft", closed_at__isnull=True) | (~Q(status="draft") & Q(closed_at__isnull=False)),
                name="period_closed",
            ),
        ]
        indexes = [
            models.Index(fields=["closes_at"], name="period_to_close", condition=Q(status="draft")),
            models.Index(fields=["next_check_at"], name="period_due", condition=Q(next_check_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} to {self.ends_on}, {self.wallet}"

    @property
    def due(self) -> Decimal:
        """What is still to be paid of its invoice; nothing of one that nobody is to pay."""
        is_asked = self.status in (PeriodStatus.OPEN, PeriodStatus.OVERDUE)
        return Decimal(self.total.amount - self.settled.amount) if is_asked else Decimal(0)

    @property
    def to_pay(self) -> Decimal:
        """The same as it is paid: whole cents, the last one begun."""
        return self.due.quantize(CENT, ROUND_CEILING)
