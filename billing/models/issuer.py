"""Issuers: the operator's legal entities in whose name documents are written, and their series of numbers.

A document keeps the issuer as it was when the document was issued; what is changed here holds for later ones. Numbers
run without gaps per issuer, kind and year: a series is raised under its row's lock, in the transaction that writes the
document (`billing.services.documents.numbering`).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Issuer(models.Model):
    """One legal entity. Several products may have the same; a product without one has no documents."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=255, help_text="As it is registered.")
    country = models.CharField(max_length=2, help_text="ISO 3166 code, two letters.")
    region = models.CharField(max_length=10, blank=True, help_text="State or province, where taxes ask for it: WY, KA.")
    registered_office = models.TextField(help_text="The address, line by line. It stands on every document.")
    tax_id = models.CharField("tax ID", max_length=40, blank=True, help_text="VAT number, EIN, GSTIN or INN.")
    tax_registration_code = models.CharField(max_length=40, blank=True, help_text="KPP, where there is one.")
    registration_number = models.CharField(max_length=40, blank=True, help_text="Of the company register, OGRN, CIN.")
    email = models.EmailField("e-mail", blank=True, help_text="For questions about documents.")
    taxes_top_ups = models.BooleanField(
        "tax due at top-up", default=True, help_text="Off: tax is due on the period's invoice."
    )
    issues_certificates = models.BooleanField(
        "completion certificates", default=False, help_text="One per organization and month, for what calls used."
    )
    timezone = models.CharField(max_length=64, default="UTC", help_text="Dates and years of documents follow it.")
    language = models.CharField(
        max_length=10, default="en", help_text="Of documents for customers who chose none: en, ru or hi."
    )
    bank_name = models.CharField(max_length=255, blank=True)
    bank_account = models.CharField(max_length=64, blank=True, help_text="Account number or IBAN.")
    bank_code = models.CharField(max_length=32, blank=True, help_text="BIC, routing number or IFSC.")
    correspondent_account = models.CharField(max_length=32, blank=True, help_text="Russian banks: корр. счёт.")
    upi_id = models.CharField("UPI ID", max_length=100, blank=True, help_text="For payment codes in India: name@bank.")
    signatory_name = models.CharField(max_length=120, blank=True)
    signatory_position = models.CharField(max_length=120, blank=True)
    accountant_name = models.CharField(max_length=120, blank=True)
    footer = models.CharField(max_length=300, blank=True, help_text="A line at the foot of every page.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            # Else usage paid from the balance would stand, with its tax, on the period's invoice and on a certificate.
            models.CheckConstraint(
                condition=Q(issues_certificates=False) | Q(taxes_top_ups=True),
                name="issuer_states_usage_once",
                violation_error_message="Certificates state money that was taxed when it came. Let tax be due at "
                "top-up, or issue no certificates.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class DocumentKind(models.TextChoices):
    """What a document is."""

    RECEIPT = "receipt", "Receipt"
    PROFORMA = "proforma", "Invoice for a top-up"
    CERTIFICATE = "certificate", "Completion certificate"
    INVOICE = "invoice", "Invoice of a period"
    CREDIT_NOTE = "credit_note", "Credit note"


class NumberSeries(models.Model):
    """The numbers of one issuer's documents of one kind in one year; the next is `last_number` + 1."""

    issuer = models.ForeignKey(Issuer, on_delete=models.PROTECT, related_name="series")
    kind = models.CharField(max_length=12, choices=DocumentKind)
    year = models.PositiveSmallIntegerField()
    prefix = models.CharField(max_length=12, help_text="RCP in RCP-2026-0001. Fixed once a number was given.")
    last_number = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["issuer", "-year", "kind"]
        verbose_name_plural = "number series"
        constraints = [
            models.UniqueConstraint(fields=["issuer", "kind", "year"], name="series_once"),
            models.UniqueConstraint(fields=["issuer", "prefix", "year"], name="series_prefix_once"),
            models.CheckConstraint(condition=Q(year__gte=2000, year__lte=9999), name="series_year"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.year} of {self.issuer}"
