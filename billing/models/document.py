"""Documents: receipts, invoices, completion certificates and credit notes. Numbered, frozen, each one PDF.

A document is written once, whole, with the snapshot that its PDF is made of (`billing.documents.content`), and never
changed or deleted (statement triggers, `0013`). What it states of the ledger, it states for good: correct by a credit
note. Whether it is paid is no part of it: that is the payment's, the top-up's or the period's to say.
"""

from __future__ import annotations

import uuid

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Replace, Upper

from billing.models.issuer import DocumentKind, Issuer
from billing.models.postpay import BillingPeriod
from billing.models.refund import Dispute, Refund
from billing.models.top_up import Payment, TopUp
from billing.models.wallet import Wallet
from organizations.fields import amount_field, currency_field, not_nan
from organizations.models import Organization

BARE_LABEL = Upper(Replace("label", Value("-"), Value("")))  # as a customer may quote it: inv20260214


class Document(models.Model):
    """One document. All amounts are in its `currency`, positive on credit notes too: the kind says which way."""

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    issuer = models.ForeignKey(Issuer, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=12, choices=DocumentKind)
    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    label = models.CharField("number", max_length=40, help_text="As it stands on the document: INV-2026-0214.")
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="documents", db_index=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="documents"
    )
    currency = currency_field()
    net = amount_field()
    tax = amount_field()
    total = amount_field()
    tax_lines = models.JSONField(default=list, help_text="Name, percent, base and amount of each tax.")
    language = models.CharField(max_length=10)
    issued_on = models.DateField(help_text="In the issuer's timezone.")
    issued_at = models.DateTimeField()
    supplied_from = models.DateField(null=True, blank=True)
    supplied_until = models.DateField(null=True, blank=True, help_text="The last day.")
    content = models.JSONField(help_text="All that stands on it: billing.documents.content.")

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="documents")
    top_up = models.ForeignKey(TopUp, on_delete=models.PROTECT, null=True, blank=True, related_name="documents")
    period = models.ForeignKey(BillingPeriod, on_delete=models.PROTECT, null=True, blank=True, related_name="documents")
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="documents")
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, null=True, blank=True, related_name="documents")
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections")
    key = models.CharField(max_length=120, help_text="Makes it once per wallet: receipt:17, certificate:5:2026-02.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["issuer", "kind", "year", "number"], name="document_number"),
            models.UniqueConstraint(fields=["issuer", "label"], name="document_label"),
            models.UniqueConstraint(fields=["wallet", "key"], name="document_once"),
            models.CheckConstraint(
                condition=Q(net__gte=0, tax__gte=0, total=F("net") + F("tax"), number__gt=0)
                & not_nan("net", "tax", "total"),
                name="document_amounts",
            ),
            models.CheckConstraint(
                condition=~Q(kind="credit_note") | Q(corrects__isnull=False), name="credit_note_corrects"
            ),
        ]
        indexes = [
            models.Index(fields=["wallet", "-id"], name="document_by_wallet"),
            models.Index(OpClass(BARE_LABEL, "text_pattern_ops"), name="document_by_bare_label"),
        ]

    def __str__(self) -> str:
        return self.label


class DocumentFile(models.Model):
    """The PDF of a document, made once from its snapshot: every download is these bytes."""

    document = models.OneToOneField(Document, on_delete=models.PROTECT, primary_key=True, related_name="file")
    pdf = models.BinaryField()
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveIntegerField(help_text="Bytes.")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"PDF of {self.document_id}"
