"""Notices: what happened to an account that somebody should hear of, written in the transaction in which it happened.

A notice is the record; who is told of it, where and in which language is worked out after the commit, once
(`notifications.services.fan_out`). `key` makes one notice of one happening, however often it is told.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from organizations.models import Account


class Event(models.TextChoices):
    """What accounts are told of."""

    LOW_BALANCE = "low_balance", "Low balance"
    CALLS_REFUSED = "calls_refused", "Calls are refused"
    CALLS_ACCEPTED = "calls_accepted", "Calls are accepted again"
    CAP_NEAR = "cap_near", "Daily cap near"
    CAP_REACHED = "cap_reached", "Daily cap reached"
    CREDIT_NEAR = "credit_near", "Credit limit near"
    CREDIT_REACHED = "credit_reached", "Credit limit reached"
    TOPPED_UP = "topped_up", "Top-up received"
    AUTO_TOP_UP_DONE = "auto_top_up_done", "Automatic top-up done"
    AUTO_TOP_UP_FAILED = "auto_top_up_failed", "Automatic top-up failed"
    AUTO_TOP_UP_DISABLED = "auto_top_up_disabled", "Automatic top-up disabled"
    AUTO_TOP_UP_CEILING = "auto_top_up_ceiling", "Monthly ceiling of automatic top-up reached"
    CARD_EXPIRING = "card_expiring", "Card expiring"
    REFUND = "refund", "Refund"
    DISPUTE = "dispute", "Dispute"
    SUBSCRIPTION = "subscription", "Subscription"
    DOCUMENT_READY = "document_ready", "Document ready"
    INVOICE_DUE = "invoice_due", "Invoice due"
    INVOICE_OVERDUE = "invoice_overdue", "Invoice overdue"
    EXPORT_READY = "export_ready", "Audit export ready"
    COUPON_REDEEMED = "coupon_redeemed", "Coupon redeemed"
    GRANT_EXPIRING = "grant_expiring", "Credit expiring"
    ALLOTMENT_RESET = "allotment_reset", "Monthly allotment renewed"
    PROJECT_MODE = "project_mode", "Project gone live or back"
    SPENDING_SPIKE = "spending_spike", "Spending unlike the usual"
    SERVICE_SILENT = "service_silent", "No calls reported"
    TEST = "test", "Test message"


class Audience(models.TextChoices):
    """Whom a notice is for."""

    EVERYONE = "everyone", "Everyone"
    PEOPLE = "people", "People only"
    SERVICES = "services", "Services only"
    ADDRESS = "address", "The address that it names only"


class Notice(models.Model):
    """One happening. `facts` is plain JSON, numbers as text; the words are made when it is told."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="notices")
    event = models.CharField(max_length=30, choices=Event)
    key = models.CharField(max_length=150, unique=True, editable=False)
    subject = models.CharField(max_length=100, blank=True, help_text="What it is about, such as top_up:17.")
    facts = models.JSONField(default=dict)
    audience = models.CharField(
        max_length=10, choices=Audience, default=Audience.EVERYONE, db_default=Audience.EVERYONE
    )
    created_at = models.DateTimeField()
    expanded_at = models.DateTimeField(null=True, blank=True, help_text="When its deliveries were written.")
    is_quiet = models.BooleanField("quiet", default=False, help_text="Too soon after the last one: services only.")
    failures = models.PositiveSmallIntegerField(db_default=0, help_text="How often it could not be put into words.")
    paused_until = models.DateTimeField(null=True, blank=True, help_text="After a failure: not tried before.")
    last_error = models.TextField(blank=True, db_default="")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], name="notice_unexpanded", condition=Q(expanded_at__isnull=True)),
            models.Index(fields=["account", "event", "-created_at"], name="notice_by_event"),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()}, {self.account}"
