"""Signed exports for auditors, the keys they are signed with, and the daily signed heads of the ledger's chains.

An export is made once, by one worker at a time: requested -> running -> ready | failed; `attempt` counts the workers
that took it, and what an earlier one still does is refused by it. Its files lie in one archive in the `exports` storage
until `expires_at`; what they were is kept for ever. Heads and days are written once (statement triggers, `0016`).
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.models.wallet import Wallet

SHA256_LENGTH = 64


class SigningKey(models.Model):
    """An Ed25519 key. Its public half stays published for ever; of a retired key there is no private half any more."""

    fingerprint = models.CharField(
        max_length=SHA256_LENGTH, unique=True, help_text="SHA-256 of the public key in DER (SubjectPublicKeyInfo)."
    )
    public_key = models.TextField(help_text="PEM.")
    private_key = models.TextField(blank=True, editable=False, help_text="PEM, encrypted with SIGNING_PASSPHRASE.")
    valid_from = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["retired_at"],
                name="signing_key_one_current",
                condition=Q(retired_at__isnull=True),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(private_key=""), name="signing_key_retired_is_public"
            ),
        ]

    def __str__(self) -> str:
        return self.short

    @property
    def short(self) -> str:
        """The fingerprint's beginning, enough to tell keys apart on a page."""
        return self.fingerprint[:16]


class ExportStatus(models.TextChoices):
    """The states of an export."""

    REQUESTED = "requested", "Waiting"
    RUNNING = "running", "Being made"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"


UNFINISHED = (ExportStatus.REQUESTED, ExportStatus.RUNNING)


class AuditExport(models.Model):
    """The usage and charges of some days of one account, `first_day` to `last_day` in its timezone then."""

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="exports", db_index=False)
    first_day = models.DateField()
    last_day = models.DateField(help_text="Included.")
    timezone = models.CharField(max_length=64, help_text="The account's, when it was asked for.")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=ExportStatus, default=ExportStatus.REQUESTED)
    attempt = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True, help_text="Its worker is taken for dead after it.")
    rows = models.PositiveBigIntegerField(default=0, help_text="Written so far.")
    rows_expected = models.PositiveBigIntegerField(default=0, help_text="About how many there will be.")
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=255, blank=True)
    manifest = models.JSONField(default=dict, help_text="What the archive says of itself.")
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, null=True, blank=True, related_name="exports")
    path = models.CharField(max_length=255, blank=True, help_text="In the storage of exports.")
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes of the archive.")
    sha256 = models.CharField("SHA-256", max_length=SHA256_LENGTH, blank=True, help_text="Of the archive.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="The archive is removed then.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(first_day__lte=F("last_day")), name="export_days"),
            models.UniqueConstraint(
                fields=["wallet", "first_day", "last_day"],
                name="export_once_at_a_time",
                condition=Q(status__in=["requested", "running"]),
            ),
            models.UniqueConstraint(fields=["wallet"], name="export_one_running", condition=Q(status="running")),
            models.CheckConstraint(
                condition=~Q(status="ready") | (Q(key__isnull=False, finished_at__isnull=False) & ~Q(sha256="")),
                name="export_ready_is_signed",
            ),
        ]
        indexes = [
            models.Index(fields=["wallet", "-id"], name="export_by_wallet"),
            models.Index(fields=["id"], name="export_unfinished", condition=Q(status__in=["requested", "running"])),
            models.Index(fields=["expires_at"], name="export_to_remove", condition=~Q(path="")),
        ]

    def __str__(self) -> str:
        return f"Export {self.first_day} to {self.last_day}"

    @property
    def is_unfinished(self) -> bool:
        """Whether it is still to be made."""
        return self.status in UNFINISHED


class SignedDay(models.Model):
    """One day's file of heads, signed. The file is made anew of `ChainHead` whenever it is asked for."""

    day = models.DateField(unique=True, help_text="UTC.")
    made_at = models.DateTimeField()
    wallets = models.PositiveIntegerField(help_text="With a ledger by then: rows of the file.")
    sha256 = models.CharField("SHA-256", max_length=SHA256_LENGTH)
    signature = models.BinaryField(max_length=64)
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="days")

    class Meta:
        ordering = ["-day"]
        verbose_name = "signed day of heads"
        verbose_name_plural = "signed days of heads"

    def __str__(self) -> str:
        return f"Heads of {self.day}"


class ChainHead(models.Model):
    """The end of a wallet's chain at one moment of a day; a wallet that did not move since its last row has none."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False)
    day = models.DateField(help_text="UTC.")
    number = models.BigIntegerField(help_text="The last transaction's.")
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["wallet", "day"], name="chain_head_once")]

    def __str__(self) -> str:
        return f"No. {self.number} on {self.day}"
