"""Re-ratings, their calls, and what a charge was before it was corrected: that stays as it was written."""

from __future__ import annotations

import django.db.models.deletion
import djmoney.models.fields
from django.conf import settings
from django.db import migrations, models

RULES = (
    """
CREATE TRIGGER charge_revision_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON usage_chargerevision
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
CREATE TRIGGER rerating_stays BEFORE DELETE OR TRUNCATE ON usage_rerating
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
CREATE TRIGGER rerating_is_as_asked BEFORE UPDATE ON usage_rerating FOR EACH ROW
  WHEN (OLD.mode <> NEW.mode OR OLD.product_id <> NEW.product_id OR OLD.account_id IS DISTINCT FROM NEW.account_id
        OR OLD.project_id IS DISTINCT FROM NEW.project_id OR OLD.first_day IS DISTINCT FROM NEW.first_day
        OR OLD.last_day IS DISTINCT FROM NEW.last_day OR OLD.event_type <> NEW.event_type OR OLD.model <> NEW.model
        OR OLD.version_id IS DISTINCT FROM NEW.version_id OR OLD.caller <> NEW.caller OR OLD.chosen <> NEW.chosen
        OR OLD.reason <> NEW.reason OR OLD.asked_by_id <> NEW.asked_by_id OR OLD.asked_at <> NEW.asked_at
        OR (OLD.state IN ('done', 'stopped', 'failed') AND OLD.state <> NEW.state)
        OR (OLD.confirmed_by_id IS NOT NULL AND (OLD.confirmed_by_id, OLD.confirmed_at)
            IS DISTINCT FROM (NEW.confirmed_by_id, NEW.confirmed_at)))
  EXECUTE FUNCTION billing_refuse_change('a re-rating stays what was asked for, and what has ended stays ended');
CREATE TRIGGER rerated_call_ends_once BEFORE UPDATE ON usage_reratedcall FOR EACH ROW WHEN (OLD.state <> 'pending')
  EXECUTE FUNCTION billing_refuse_change('a charge is corrected by a re-rating once');
""",
    """
DROP TRIGGER rerated_call_ends_once ON usage_reratedcall;
DROP TRIGGER rerating_is_as_asked ON usage_rerating;
DROP TRIGGER rerating_stays ON usage_rerating;
DROP TRIGGER charge_revision_stays ON usage_chargerevision;
""",
)


class Migration(migrations.Migration):
    dependencies = [
        ("usage", "0010_unanswered_calls"),
        ("billing", "0019_certificates_or_later_tax"),
        ("organizations", "0005_silent_services"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Rerating",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "mode",
                    models.CharField(
                        choices=[("reprice", "Charge anew"), ("void", "Reverse")], default="reprice", max_length=10
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("previewing", "Being previewed"),
                            ("ready", "Waits for confirmation"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("stopped", "Stopped"),
                            ("failed", "Failed"),
                        ],
                        default="previewing",
                        max_length=10,
                    ),
                ),
                (
                    "first_day",
                    models.DateField(
                        blank=True, help_text="When it was charged, in the account's timezone.", null=True
                    ),
                ),
                ("last_day", models.DateField(blank=True, help_text="Included.", null=True)),
                (
                    "event_type",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("call.completed", "Call"),
                            ("chat.message", "Chat message"),
                            ("crawl.completed", "Crawl"),
                            ("llm.completed", "LLM request"),
                            ("chat.hour", "Chat, one hour"),
                        ],
                        max_length=40,
                        verbose_name="type",
                    ),
                ),
                ("model", models.CharField(blank=True, max_length=80)),
                ("caller", models.CharField(blank=True, help_text="Only calls from this number.", max_length=64)),
                (
                    "chosen",
                    models.JSONField(blank=True, default=list, help_text="The calls that were chosen one by one."),
                ),
                ("reason", models.CharField(max_length=255)),
                ("asked_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("attempt", models.PositiveSmallIntegerField(default=0)),
                (
                    "leased_until",
                    models.DateTimeField(blank=True, help_text="Its worker is taken for dead after it.", null=True),
                ),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("error", models.CharField(blank=True, max_length=255)),
                (
                    "place",
                    models.JSONField(
                        default=list, editable=False, help_text="Where the preview is: account, day, event."
                    ),
                ),
                ("expected", models.PositiveBigIntegerField(default=0, help_text="About how many charges there are.")),
                ("looked_at", models.PositiveBigIntegerField(default=0, help_text="Charges the preview has priced.")),
                ("unchanged", models.PositiveBigIntegerField(default=0, help_text="Charges whose price is the same.")),
                ("found", models.PositiveBigIntegerField(default=0, help_text="Charges to be corrected.")),
                ("done", models.PositiveBigIntegerField(default=0, help_text="Charges corrected.")),
                (
                    "skipped",
                    models.PositiveBigIntegerField(
                        default=0, help_text="Charges that cannot be corrected; each says why."
                    ),
                ),
                (
                    "summary",
                    models.JSONField(
                        default=dict,
                        editable=False,
                        help_text="The preview in sum: by currency, account and component.",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reratings",
                        to="organizations.account",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.product"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organizations.project",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        help_text="Only charges that this version priced.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="usage.ratecardversion",
                        verbose_name="priced by",
                    ),
                ),
            ],
            options={
                "verbose_name": "re-rating",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ReratedCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_simulated", models.BooleanField(verbose_name="simulated")),
                ("currency", models.CharField(editable=False, max_length=6)),
                (
                    "old_total",
                    djmoney.models.fields.MoneyField(
                        currency_field_name="currency", decimal_places=6, max_digits=20, verbose_name="charged"
                    ),
                ),
                (
                    "new_total",
                    djmoney.models.fields.MoneyField(
                        currency_field_name="currency",
                        decimal_places=6,
                        max_digits=20,
                        null=True,
                        verbose_name="charged anew",
                    ),
                ),
                (
                    "difference",
                    djmoney.models.fields.MoneyField(
                        currency_field_name="currency", decimal_places=6, max_digits=20, null=True
                    ),
                ),
                (
                    "old_version",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="usage.ratecardversion",
                    ),
                ),
                ("old_lines", models.JSONField(default=list)),
                (
                    "charge",
                    models.JSONField(
                        default=dict, help_text="The new charge: version, lines, model, tier, outcome, cost."
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Waits"), ("done", "Corrected"), ("skipped", "Left alone")],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("why", models.CharField(blank=True, help_text="Why it was left alone.", max_length=255)),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organizations.account",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reratings",
                        to="usage.usageevent",
                    ),
                ),
                (
                    "old_transaction",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.transaction",
                    ),
                ),
                (
                    "rerating",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="usage.rerating",
                    ),
                ),
            ],
            options={
                "verbose_name": "re-rated call",
            },
        ),
        migrations.CreateModel(
            name="ChargeRevision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("revised_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=255)),
                ("currency", models.CharField(editable=False, max_length=6)),
                (
                    "total",
                    djmoney.models.fields.MoneyField(
                        currency_field_name="currency",
                        decimal_places=6,
                        help_text="What it was charged before.",
                        max_digits=20,
                    ),
                ),
                (
                    "new_total",
                    djmoney.models.fields.MoneyField(
                        currency_field_name="currency",
                        decimal_places=6,
                        help_text="What it was charged then.",
                        max_digits=20,
                    ),
                ),
                (
                    "cost",
                    djmoney.models.fields.MoneyField(currency_field_name="currency", decimal_places=6, max_digits=20),
                ),
                ("model", models.CharField(blank=True, max_length=80)),
                ("tier", models.CharField(blank=True, max_length=40)),
                ("outcome", models.CharField(blank=True, max_length=20)),
                ("outcome_reason", models.CharField(blank=True, max_length=40)),
                ("free_code", models.CharField(blank=True, max_length=40)),
                ("free_reason", models.CharField(blank=True, max_length=200)),
                ("lines", models.JSONField(default=list)),
                (
                    "event",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revisions",
                        to="usage.usageevent",
                    ),
                ),
                (
                    "transaction",
                    models.OneToOneField(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.transaction",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="usage.ratecardversion",
                    ),
                ),
                (
                    "rerating",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="usage.rerating",
                    ),
                ),
            ],
            options={
                "verbose_name": "charge before a correction",
                "verbose_name_plural": "charges before corrections",
            },
        ),
        migrations.AddIndex(
            model_name="rerating",
            index=models.Index(
                condition=models.Q(("state__in", ["previewing", "running"])), fields=["id"], name="rerating_unfinished"
            ),
        ),
        migrations.AddConstraint(
            model_name="rerating",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("first_day__isnull", True), ("last_day__isnull", True)),
                    ("first_day__lte", models.F("last_day")),
                    _connector="OR",
                ),
                name="rerating_days",
            ),
        ),
        migrations.AddConstraint(
            model_name="rerating",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["running", "done"]), _negated=True),
                    models.Q(("confirmed_at__isnull", False), ("confirmed_by__isnull", False)),
                    _connector="OR",
                ),
                name="rerating_is_confirmed",
            ),
        ),
        migrations.AddIndex(
            model_name="reratedcall",
            index=models.Index(
                condition=models.Q(("state", "pending")), fields=["rerating", "id"], name="rerated_call_waits"
            ),
        ),
        migrations.AddIndex(
            model_name="reratedcall",
            index=models.Index(fields=["rerating", "difference", "id"], name="rerated_call_difference"),
        ),
        migrations.AddConstraint(
            model_name="reratedcall",
            constraint=models.UniqueConstraint(fields=("rerating", "event"), name="rerated_call_once"),
        ),
        migrations.AddConstraint(
            model_name="reratedcall",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("new_total__isnull", True), ("new_total__gte", 0), _connector="OR"),
                    ("old_total__lt", 100000000000000),
                    ("new_total__lt", 100000000000000),
                    ("difference__lt", 100000000000000),
                ),
                name="rerated_call_amounts",
            ),
        ),
        migrations.AddConstraint(
            model_name="chargerevision",
            constraint=models.UniqueConstraint(fields=("event", "rerating"), name="charge_revision_once"),
        ),
        migrations.AddConstraint(
            model_name="chargerevision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("new_total__gte", 0),
                    ("total__gte", 0),
                    ("total__lt", 100000000000000),
                    ("new_total__lt", 100000000000000),
                    ("cost__lt", 100000000000000),
                ),
                name="charge_revision_amounts",
            ),
        ),
        migrations.RunSQL(*RULES),
    ]
