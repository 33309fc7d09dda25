"""Re-rating: many charges corrected by one job, either charged anew at the prices that hold now, or reversed.

previewing -> ready -> running -> done | stopped | failed; a preview that was not confirmed may be stopped, too. A job
is worked on by one worker at a time: `attempt` counts those that took it, and what an earlier one still does is
refused by it. `ReratedCall` is one charge of a job: what the preview found, and what became of it. `ChargeRevision` is
what a charge was before it was corrected; it is kept for ever (triggers, `0011_reratings`).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.models import Transaction
from organizations.fields import amount_field, currency_field, not_nan
from organizations.models import Account, Product, Project
from usage.models.event import EventType, UsageEvent
from usage.models.rate_card import RateCardVersion

REASON_LENGTH = 255


class Rerating(models.Model):
    """One job: whose charges, of when, why, and how far it is."""

    class Mode(models.TextChoices):
        REPRICE = "reprice", "Charge anew"
        VOID = "void", "Reverse"

    class State(models.TextChoices):
        PREVIEWING = "previewing", "Being previewed"
        READY = "ready", "Waits for confirmation"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    mode = models.CharField(max_length=10, choices=Mode, default=Mode.REPRICE)
    state = models.CharField(max_length=10, choices=State, default=State.PREVIEWING)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True, related_name="reratings")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    first_day = models.DateField(null=True, blank=True, help_text="When it was charged, in the account's timezone.")
    last_day = models.DateField(null=True, blank=True, help_text="Included.")
    event_type = models.CharField("type", max_length=40, choices=EventType, blank=True)
    model = models.CharField(max_length=80, blank=True)
    version = models.ForeignKey(
        RateCardVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="priced by",
        help_text="Only charges that this version priced.",
    )
    caller = models.CharField(max_length=64, blank=True, help_text="Only calls from this number.")
    chosen = models.JSONField(default=list, blank=True, help_text="The calls that were chosen one by one.")
    reason = models.CharField(max_length=REASON_LENGTH)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True, help_text="Its worker is taken for dead after it.")
    failures = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=REASON_LENGTH, blank=True)
    place = models.JSONField(default=list, editable=False, help_text="Where the preview is: account, day, event.")
    expected = models.PositiveBigIntegerField(default=0, help_text="About how many charges there are.")
    looked_at = models.PositiveBigIntegerField(default=0, help_text="Charges the preview has priced.")
    unchanged = models.PositiveBigIntegerField(default=0, help_text="Charges whose price is the same.")
    found = models.PositiveBigIntegerField(default=0, help_text="Charges to be corrected.")
    done = models.PositiveBigIntegerField(default=0, help_text="Charges corrected.")
    skipped = models.PositiveBigIntegerField(default=0, help_text="Charges that cannot be corrected; each says why.")
    summary = models.JSONField(
        default=dict, editable=False, help_text="The preview in sum: by currency, account and component."
    )

    class Meta:
        ordering = ["-id"]
        verbose_name = "re-rating"
        constraints = [
            models.CheckConstraint(
                condition=Q(first_day__isnull=True, last_day__isnull=True) | Q(first_day__lte=F("last_day")),
                name="rerating_days",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["running", "done"]) | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="rerating_is_confirmed",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="rerating_unfinished", condition=Q(state__in=["previewing", "running"]))
        ]

    def __str__(self) -> str:
        return f"Re-rating {self.pk}"


class ReratedCall(models.Model):
    """One charge of a job, as the preview found it. A charge whose price is the same has no row."""

    class State(models.TextChoices):
        PENDING = "pending", "Waits"
        DONE = "done", "Corrected"
        SKIPPED = "skipped", "Left alone"

    rerating = models.ForeignKey(Rerating, on_delete=models.PROTECT, related_name="calls", db_index=False)
    event = models.ForeignKey(UsageEvent, on_delete=models.PROTECT, related_name="reratings", db_constraint=False)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    is_simulated = models.BooleanField("simulated")
    currency = currency_field()
    old_total = amount_field("charged")
    new_total = amount_field("charged anew", null=True)
    difference = amount_field(null=True)
    old_transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    old_version = models.ForeignKey(
        RateCardVersion, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    old_lines = models.JSONField(default=list)
    charge = models.JSONField(default=dict, help_text="The new charge: version, lines, model, tier, outcome, cost.")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    why = models.CharField(max_length=REASON_LENGTH, blank=True, help_text="Why it was left alone.")

    class Meta:
        verbose_name = "re-rated call"
        constraints = [
            models.UniqueConstraint(fields=["rerating", "event"], name="rerated_call_once"),
            models.CheckConstraint(
                condition=(Q(new_total__isnull=True) | Q(new_total__gte=0))
                & not_nan("old_total", "new_total", "difference"),
                name="rerated_call_amounts",
            ),
        ]
        indexes = [
            models.Index(fields=["rerating", "id"], name="rerated_call_waits", condition=Q(state="pending")),
            models.Index(fields=["rerating", "difference", "id"], name="rerated_call_difference"),
        ]

    def __str__(self) -> str:
        return f"Event {self.event_id} in re-rating {self.rerating_id}"


class ChargeRevision(models.Model):
    """What an event was charged until it was charged anew at `revised_at`."""

    event = models.ForeignKey(UsageEvent, on_delete=models.PROTECT, related_name="revisions", db_constraint=False)
    rerating = models.ForeignKey(Rerating, on_delete=models.PROTECT, related_name="+", db_index=False)
    revised_at = models.DateTimeField()
    reason = models.CharField(max_length=REASON_LENGTH)
    version = models.ForeignKey(
        RateCardVersion, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    currency = currency_field()
    total = amount_field(help_text="What it was charged before.")
    new_total = amount_field(help_text="What it was charged then.")
    cost = amount_field()
    model = models.CharField(max_length=80, blank=True)
    tier = models.CharField(max_length=40, blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    outcome_reason = models.CharField(max_length=40, blank=True)
    free_code = models.CharField(max_length=40, blank=True)
    free_reason = models.CharField(max_length=200, blank=True)
    lines = models.JSONField(default=list)
    transaction = models.OneToOneField(
        Transaction, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False
    )

    class Meta:
        verbose_name = "charge before a correction"
        verbose_name_plural = "charges before corrections"
        constraints = [
            models.UniqueConstraint(fields=["event", "rerating"], name="charge_revision_once"),
            models.CheckConstraint(
                condition=Q(total__gte=0, new_total__gte=0) & not_nan("total", "new_total", "cost"),
                name="charge_revision_amounts",
            ),
        ]

    def __str__(self) -> str:
        return f"Event {self.event_id} before re-rating {self.rerating_id}"
