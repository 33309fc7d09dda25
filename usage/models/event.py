"""Usage events as services reported them, already rated: a call is the rated form of its event, in the same row.

(service, source, event_id) is charged at most once, for ever: the unique constraint decides who is first. After the
insert a row only ever changes by being voided. `total` is null for a message whose hour is charged as a whole.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import Transaction
from organizations.fields import amount_field, currency_field, not_nan
from organizations.models import Account, Project, Service
from usage.models.rate_card import RateCardVersion


class EventType(models.TextChoices):
    """The types a service may send (API.md, 'Usage events'), and the hourly charge made of chat messages."""

    CALL = "call.completed", _("Call")
    CHAT_MESSAGE = "chat.message", _("Chat message")
    CRAWL = "crawl.completed", _("Crawl")
    LLM = "llm.completed", _("LLM request")
    CHAT_HOUR = "chat.hour", _("Chat, one hour")


class UsageEvent(models.Model):
    """One event, its charge line by line, and what decided it."""

    class Status(models.TextChoices):
        ACCEPTED = "accepted", "Charged"
        VOID = "void", "Reversed"

    service = models.ForeignKey(Service, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    source = models.CharField(max_length=255)
    event_id = models.CharField(max_length=255)
    event_type = models.CharField(max_length=40, choices=EventType)
    occurred_at = models.DateTimeField(help_text="The event's own time.")
    received_at = models.DateTimeField()
    body = models.JSONField(help_text="The event as it came.")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="events", db_index=False, db_constraint=False
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    is_simulated = models.BooleanField("simulated")
    day = models.DateField(help_text="When it was charged, in the account's timezone.")

    call_id = models.CharField(max_length=255, blank=True)
    channel = models.CharField(max_length=20, blank=True)
    direction = models.CharField(max_length=20, blank=True)
    call_status = models.CharField(max_length=20, blank=True)
    model = models.CharField(max_length=80, blank=True)
    tier = models.CharField(max_length=40, blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    outcome_reason = models.CharField(max_length=40, blank=True)
    started_at = models.DateTimeField()
    duration_seconds = models.DecimalField(max_digits=14, decimal_places=6, default=0)

    version = models.ForeignKey(
        RateCardVersion, on_delete=models.PROTECT, null=True, db_index=False, db_constraint=False
    )
    currency = currency_field()
    total = amount_field(null=True)
    cost = amount_field(default=Decimal, help_text="What providers were paid, where the service reports it.")
    lines = models.JSONField(default=list)
    free_code = models.CharField(max_length=40, blank=True)
    free_reason = models.CharField(max_length=200, blank=True)
    hour = models.DateTimeField(null=True, help_text="The clock hour that an aggregated event is charged with.")

    hold_id = models.BigIntegerField(null=True)
    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    available_after = amount_field()
    held_after = amount_field()
    status = models.CharField(max_length=10, choices=Status, default=Status.ACCEPTED)
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=255, blank=True)

    class Meta:
        verbose_name = "call or event"
        verbose_name_plural = "calls and events"
        constraints = [
            models.UniqueConstraint(fields=["service", "source", "event_id"], name="event_once"),
            models.CheckConstraint(
                condition=(Q(total__isnull=True) | Q(total__gte=0)) & not_nan("total", "cost"), name="event_total"
            ),
            models.CheckConstraint(
                condition=not_nan("duration_seconds", "available_after", "held_after"), name="event_figures"
            ),
            models.CheckConstraint(
                condition=Q(is_simulated=False) | Q(transaction__isnull=True), name="event_simulated_moves_nothing"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-day", "-id"], name="event_by_account"),
            # The call first: staff are quoted a call's id without being told whose it is.
            models.Index(fields=["call_id", "account"], name="event_by_call_id", condition=~Q(call_id="")),
            models.Index(
                fields=["account", "call_status", "-day", "-id"],
                name="event_unanswered",
                condition=~Q(call_status__in=["", "completed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.source} {self.event_id}"
