"""An account's money: balances cached over the ledger, and the settings that decide whether a call may start.

`paid`, `promo` and `allotment` equal the sums of their grants' remainders and the balances of their ledger accounts;
`debt` is what calls took beyond the grants. The balance a person sees is paid + promo + allotment - debt.
Only `billing.services.ledger` writes the cached columns.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from organizations.fields import amount_field, currency_field, not_nan
from organizations.models import Account


class WalletMode(models.TextChoices):
    """How the account pays."""

    PREPAID = "prepaid", "Prepaid"
    POSTPAY = "postpay", "Postpay"


class Wallet(models.Model):
    """One account's wallet; its id and currency never change."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="wallet")
    currency = currency_field()
    mode = models.CharField(max_length=10, choices=WalletMode, default=WalletMode.PREPAID)
    credit_limit = amount_field(default=Decimal, help_text="Postpay: how far below zero calls may go.")
    is_frozen = models.BooleanField("frozen", default=False, help_text="An open dispute: no call starts.")
    is_overdue = models.BooleanField("payment overdue", default=False, help_text="An invoice is overdue.")

    paid = amount_field(default=Decimal, editable=False)
    promo = amount_field(default=Decimal, editable=False)
    allotment = amount_field(default=Decimal, editable=False)
    debt = amount_field(default=Decimal, editable=False)
    held = amount_field(default=Decimal, editable=False)
    held_calls = models.PositiveIntegerField("calls in progress", default=0, editable=False)

    spent_on = models.DateField(null=True, editable=False, help_text="The account's day that `spent_today` is of.")
    spent_today = amount_field(default=Decimal, editable=False)
    daily_cap = amount_field(null=True, blank=True, help_text="Most to be spent in one day. Empty: no cap.")
    concurrency_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Most calls at one time. Empty: no limit."
    )

    monthly_allotment = amount_field(
        default=Decimal, help_text="Included each cycle; what is left is not carried over."
    )
    allotment_anchor = models.DateField(null=True, blank=True, help_text="The billing cycle began on this day.")
    allotment_resets_at = models.DateTimeField(null=True, blank=True, editable=False)
    next_expiry_at = models.DateTimeField(null=True, editable=False, help_text="When the next grant expires.")

    auto_top_up_below = amount_field(
        null=True, editable=False, help_text="A charge that takes the balance below it rings for an automatic top-up."
    )

    alert_below = amount_field(null=True, blank=True, help_text="Members are told when the balance falls below it.")
    alerts_fired = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="Alerts that were told and are not armed again yet, as bits."
    )

    alerts_told = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="Notices of the alerts so far: each has its number."
    )

    last_number = models.BigIntegerField(default=0, editable=False)
    chain_head = models.BinaryField(max_length=32, default=bytes(32), editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "currency"], name="wallet_id_currency"),
            models.CheckConstraint(
                condition=Q(paid__gte=0, promo__gte=0, allotment__gte=0, debt__gte=0, held__gte=0, credit_limit__gte=0)
                & not_nan("paid", "promo", "allotment", "debt", "held", "credit_limit", "spent_today"),
                name="wallet_balances",
            ),
            models.CheckConstraint(
                condition=Q(daily_cap__isnull=True) | (Q(daily_cap__gt=0) & not_nan("daily_cap")),
                name="wallet_daily_cap",
            ),
            models.CheckConstraint(
                condition=Q(alert_below__isnull=True) | (Q(alert_below__gt=0) & not_nan("alert_below")),
                name="wallet_alert_below",
            ),
            models.CheckConstraint(
                condition=Q(monthly_allotment__gte=0) & not_nan("monthly_allotment"), name="wallet_allotment"
            ),
            models.CheckConstraint(condition=Q(debt=0) | Q(paid=0), name="wallet_debt_only_without_paid"),
        ]
        indexes = [
            models.Index(fields=["next_expiry_at"], name="wallet_expiry", condition=Q(next_expiry_at__isnull=False)),
            models.Index(
                fields=["allotment_resets_at"],
                name="wallet_allotment_reset",
                condition=Q(allotment_resets_at__isnull=False),
            ),
            models.Index(F("debt"), name="wallet_in_debt", condition=Q(debt__gt=0)),
        ]

    def __str__(self) -> str:
        return f"Wallet of {self.account}"
