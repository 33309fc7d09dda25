"""What staff do beside a customer: looking at the pages as the customer sees them, and notes on the account.

Views are never deleted, and nothing of one changes but its end, once. A note is never edited or deleted; it may be
pinned, and struck out, after which it stays to be read. The database holds both (migration 0006).
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from organizations.models.account import Account


class SupportView(models.Model):
    """Somebody of the staff looking at a customer's pages, from `started_at` until `until` at the latest."""

    class Ending(models.TextChoices):
        """How it ended before its time was over."""

        BUTTON = "button", "Ended by hand"
        ANOTHER = "another", "Another one was started"
        SIGNED_OUT = "signed_out", "Signed out"
        NOT_ALLOWED = "not_allowed", "No longer allowed"
        TIME = "time", "Time was over"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="support_views")
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="support_views")
    reason = models.CharField(max_length=255)
    started_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ending = models.CharField("how it ended", max_length=12, choices=Ending, blank=True)

    class Meta:
        verbose_name = "view as a customer"
        verbose_name_plural = "views as a customer"
        ordering = ["-started_at"]
        permissions = [("view_as_customer", "Can look at a customer's pages as the customer sees them")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None, ending="") | (Q(ended_at__isnull=False) & ~Q(ending="")),
                name="support_view_ends_somehow",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="support_view_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.staff} as {self.account}"

    def is_open(self, now: datetime) -> bool:
        """Whether it lasts still: nobody came back to end one whose time is over."""
        return self.ended_at is None and now < self.until


class AccountNote(models.Model):
    """What staff should know of a customer, in words."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=4000)
    is_pinned = models.BooleanField("pinned", default=False, help_text="Stands above the others.")
    created_at = models.DateTimeField(default=timezone.now)
    struck_at = models.DateTimeField(null=True, blank=True)
    struck_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = "note"
        ordering = ["-created_at", "-id"]
        permissions = [("add_note", "Can write notes on accounts")]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="account_note_says_something"),
            models.CheckConstraint(
                condition=Q(struck_at=None, struck_by=None) | Q(struck_at__isnull=False, struck_by__isnull=False),
                name="account_note_struck_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d} {self.text[:60]}"
