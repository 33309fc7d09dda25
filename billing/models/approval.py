"""What one person of the staff may do alone, and what waits for a second one (PAGES.md, 'Staff', Actions).

Approval: requested -> approved | declined | withdrawn | lapsed. What was asked never changes, nobody approves what they
asked for themselves, and what was decided stays decided (triggers and constraints, `0020_second_person`).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.models.refund import Refund
from billing.models.top_up import Payment
from billing.models.wallet import Wallet
from organizations.fields import amount_field, currency_field, not_nan
from organizations.models import Product


class ApprovalKind(models.TextChoices):
    """What is asked for."""

    ADJUSTMENT = "adjustment", "Adjust the balance"
    PROMO = "promo", "Grant promo credit"
    REFUND_REQUEST = "refund_request", "Approve a refund request"
    REFUND_PAYMENT = "refund_payment", "Refund a payment"


# What is taken off an invoice is an adjustment of what is owed; these keys name the invoice (`Approval.key`).
WRITE_OFF, CREDIT_NOTE = "write_off", "credit_note"
OF_INVOICES = {WRITE_OFF: "Write off an invoice", CREDIT_NOTE: "Credit an invoice"}


class ApprovalStatus(models.TextChoices):
    """The states of what was asked."""

    REQUESTED = "requested", "Waiting"
    APPROVED = "approved", "Approved and done"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    LAPSED = "lapsed", "Lapsed"


class Approval(models.Model):
    """One deed that waits for a second person. `amount` is signed as the balance would move, as in the ledger.

    `limit` and `done_alone` say why it waits: what one person may do alone, and what the asker had done alone on the
    wallet within a day. `transaction_key` is the ledger's key of what the approval did.
    """

    key = models.CharField(max_length=120, editable=False, help_text="Makes the same request be asked once.")
    kind = models.CharField(max_length=16, choices=ApprovalKind)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="approvals", db_index=False)
    currency = currency_field()
    amount = amount_field()
    limit = amount_field(help_text="What one person might do alone when it was asked.")
    done_alone = amount_field(help_text="What the asker had done alone within a day before.")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="approvals")
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="approvals")
    credit_expires_at = models.DateTimeField(null=True, blank=True, help_text="Of promo credit. Empty: never.")
    reason = models.CharField(max_length=255)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=ApprovalStatus, default=ApprovalStatus.REQUESTED)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    words = models.CharField(max_length=255, blank=True, help_text="What the decision was given for.")
    transaction_key = models.CharField(max_length=120, blank=True, editable=False)

    class Meta:
        verbose_name = "approval by a second person"
        verbose_name_plural = "approvals by a second person"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["wallet", "key"], name="approval_once"),
            models.UniqueConstraint(
                fields=["wallet", "transaction_key"], name="approval_of_transaction", condition=~Q(transaction_key="")
            ),
            models.CheckConstraint(
                condition=~Q(amount=0) & Q(limit__gte=0, done_alone__gte=0) & not_nan("amount", "limit", "done_alone"),
                name="approval_amounts",
            ),
            models.CheckConstraint(
                condition=Q(kind="adjustment", payment__isnull=True, refund__isnull=True)
                | Q(kind="promo", amount__gt=0, payment__isnull=True, refund__isnull=True)
                | Q(kind="refund_request", amount__lt=0, payment__isnull=True, refund__isnull=False)
                | Q(kind="refund_payment", amount__lt=0, payment__isnull=False, refund__isnull=True),
                name="approval_parameters",
            ),
            models.CheckConstraint(
                condition=Q(status="approved", decided_by__isnull=False, decided_at__isnull=False)
                & ~Q(decided_by=F("asked_by"))
                & ~Q(transaction_key="")
                | Q(status="declined", decided_by__isnull=False, decided_at__isnull=False, transaction_key="")
                & ~Q(decided_by=F("asked_by"))
                | Q(status="withdrawn", decided_by=F("asked_by"), decided_at__isnull=False, transaction_key="")
                | Q(status="lapsed", decided_at__isnull=False, transaction_key="")
                | Q(status="requested", decided_by__isnull=True, decided_at__isnull=True, transaction_key=""),
                name="approval_two_people",
            ),
        ]
        indexes = [
            models.Index(fields=["wallet", "-id"], name="approval_by_wallet"),
            models.Index(fields=["asked_at"], name="approval_waiting", condition=Q(status="requested")),
        ]

    def __str__(self) -> str:
        return f"Request {self.pk}: {self.get_kind_display().lower()}"

    @property
    def is_about_invoice(self) -> bool:
        """Whether an invoice is to be written off or credited."""
        return self.kind == ApprovalKind.ADJUSTMENT and self.key.partition(":")[0] in OF_INVOICES

    @property
    def invoice_id(self) -> int:
        """Of what is about an invoice: the billing period to be written off, or the document to be credited."""
        return int(self.key.split(":")[1])

    def get_kind_display(self) -> str:  # type: ignore[no-redef]  # Django leaves one that a model has
        """What is asked for, in words."""
        if self.is_about_invoice:
            return OF_INVOICES[self.key.partition(":")[0]]
        return str(ApprovalKind(self.kind).label)


class ApprovalLimit(models.Model):
    """What one person might do alone, from when: a row for each change of a product's terms, written by a trigger."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    limit = models.DecimalField(max_digits=20, decimal_places=6, null=True, help_text="Empty: no limit.")
    since = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(limit__isnull=True) | (Q(limit__gte=0) & not_nan("limit")), name="approval_limit_amount"
            )
        ]
        indexes = [models.Index(fields=["product", "-since"], name="approval_limit_since")]

    def __str__(self) -> str:
        return f"{'no limit' if self.limit is None else self.limit} since {self.since:%Y-%m-%d %H:%M:%S}"
