"""Double-entry bookkeeping, balanced by construction.

A transfer moves a positive amount from one ledger account to another of the same wallet and currency; a transaction
groups the transfers of one business event, is numbered per wallet without gaps, carries the balance after it and the
SHA-256 of the chain up to it. Rows are never updated, deleted or truncated (statement triggers, `0003_ledger_rules`);
a mistake is corrected by adding. Only `billing.services.ledger` inserts.

Every wallet has its own set of ledger accounts, revenue and clearing among them, so that no row is shared by tenants
and composite foreign keys can hold every transfer inside its wallet. A kind's total over all wallets is the operator's
account. A ledger account's id is `wallet id * 16 + kind`: it is computed, never looked up.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.grant import Grant
from billing.models.wallet import Wallet
from organizations.fields import amount_field, currency_field, not_nan
from organizations.models import Project


class LedgerAccountKind(models.IntegerChoices):
    """The accounts of a wallet. PAID to RECEIVABLE are the customer's, the others the operator's side."""

    PAID = 1, "Paid balance"
    PROMO = 2, "Promo balance"
    ALLOTMENT = 3, "Allotment"
    RECEIVABLE = 4, "Owed by the customer"
    REVENUE = 5, "Revenue"
    CLEARING = 6, "Payment clearing"
    PROMO_COST = 7, "Promo given"
    ALLOTMENT_COST = 8, "Allotment given"
    ADJUSTMENT = 9, "Adjustments"
    TAX = 10, "Tax payable"
    DISPUTED = 11, "Disputed payments"


CUSTOMER_KINDS = (
    LedgerAccountKind.PAID,
    LedgerAccountKind.PROMO,
    LedgerAccountKind.ALLOTMENT,
    LedgerAccountKind.RECEIVABLE,
)
KINDS_PER_WALLET = 16


class LedgerAccount(models.Model):
    """One account of one wallet's books."""

    id = models.BigIntegerField(primary_key=True)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="ledger_accounts", db_constraint=False)
    currency = currency_field()
    kind = models.PositiveSmallIntegerField(choices=LedgerAccountKind)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(id=F("wallet_id") * KINDS_PER_WALLET + F("kind")), name="ledger_account_id"
            ),
            models.UniqueConstraint(fields=["id", "wallet", "currency"], name="ledger_account_wallet_currency"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of wallet {self.wallet_id}"


class TransactionKind(models.TextChoices):
    """What a transaction records."""

    CALL = "call", _("Calls")
    CHAT = "chat", _("Chat")
    CRAWL = "crawl", _("Crawler")
    LLM = "llm", _("LLM requests")
    VOID = "void", _("Reversal")
    TOP_UP = "top_up", _("Top-up")
    AUTO_TOP_UP = "auto_top_up", _("Automatic top-up")
    REFUND = "refund", _("Refund")
    REFUND_BACK = "refund_back", _("Refund returned")
    DISPUTE = "dispute", _("Disputed payment")
    REINSTATED = "reinstated", _("Dispute won")
    COUPON = "coupon", _("Coupon")
    CREDIT = "credit", _("Credit")
    WELCOME = "welcome", _("Welcome bonus")
    PROMO = "promo", _("Promo credit")
    ALLOTMENT = "allotment", _("Monthly allotment")
    EXPIRY = "expiry", _("Expired credit")
    ADJUSTMENT = "adjustment", _("Adjustment")
    TAX = "tax", _("Tax on an invoice")
    PAYMENT = "payment", _("Invoice paid")


USAGE_KINDS = (TransactionKind.CALL, TransactionKind.CHAT, TransactionKind.CRAWL, TransactionKind.LLM)


class Transaction(models.Model):
    """One business event of one wallet; `amount` is signed, positive when the customer gains."""

    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="transactions", db_index=False, db_constraint=False
    )
    currency = currency_field()
    number = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=TransactionKind)
    key = models.CharField(max_length=120, help_text="Makes the event happen once per wallet.")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, db_index=False, db_constraint=False)
    amount = amount_field()
    balance_after = amount_field()
    description = models.CharField(max_length=255, blank=True)
    reason = models.CharField(max_length=255, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, db_constraint=False
    )
    day = models.DateField(help_text="In the account's timezone.")
    created_at = models.DateTimeField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["wallet", "number"], name="transaction_number"),
            models.UniqueConstraint(fields=["wallet", "key"], name="transaction_once"),
            models.CheckConstraint(
                condition=not_nan("amount", "balance_after") & Q(number__gt=0), name="transaction_amounts"
            ),
        ]
        indexes = [
            # What people did: few rows, whatever calls add.
            models.Index(
                fields=["wallet", "actor", "created_at"], name="transaction_by_actor", condition=Q(actor__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"No. {self.number}"


class Transfer(models.Model):
    """A positive amount from one ledger account to another; `grant` is the lot it fills or draws on."""

    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="transfers", db_constraint=False
    )
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    currency = currency_field()
    source = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    target = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    amount = amount_field()
    grant = models.ForeignKey(
        Grant, on_delete=models.PROTECT, null=True, related_name="transfers", db_index=False, db_constraint=False
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0) & not_nan("amount"), name="transfer_positive"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="transfer_two_accounts"),
        ]
        indexes = [models.Index(fields=["grant"], name="transfer_by_grant", condition=Q(grant__isnull=False))]

    def __str__(self) -> str:
        return f"{self.amount} of transaction {self.transaction_id}"
