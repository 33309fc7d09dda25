from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("usage", "0011_reratings"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations: ClassVar = [
        migrations.CreateModel(
            name="WhatIfRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version_name", models.CharField(max_length=160, verbose_name="priced on")),
                ("first_day", models.DateField()),
                ("last_day", models.DateField(help_text="Included.")),
                ("currency", models.CharField(editable=False, max_length=6)),
                ("requested_at", models.DateTimeField(auto_now_add=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("requested", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("stopped", "Stopped"),
                            ("failed", "Failed"),
                        ],
                        default="requested",
                        max_length=10,
                    ),
                ),
                ("attempt", models.PositiveSmallIntegerField(default=0, help_text="Workers that took it.")),
                ("leased_until", models.DateTimeField(help_text="Its worker is taken for dead after it.", null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=255)),
                (
                    "fingerprint",
                    models.CharField(blank=True, help_text="Of the prices that it was made with.", max_length=64),
                ),
                ("at_account", models.BigIntegerField(default=0, help_text="Priced up to this account,")),
                ("at_day", models.DateField(help_text="back to this day", null=True)),
                ("at_event", models.BigIntegerField(default=0, help_text="and this event.")),
                ("calls_expected", models.PositiveBigIntegerField(default=0)),
                ("calls", models.PositiveBigIntegerField(default=0, help_text="Calls and events that were looked at.")),
                ("changed", models.PositiveBigIntegerField(default=0, help_text="Of these, with another price.")),
                (
                    "own_card",
                    models.PositiveBigIntegerField(
                        default=0, help_text="Of these, priced by their account's own card."
                    ),
                ),
                (
                    "unpriced",
                    models.PositiveBigIntegerField(default=0, help_text="Of these, without a price on the version."),
                ),
                (
                    "actual",
                    models.DecimalField(
                        decimal_places=6,
                        default=Decimal("0"),
                        editable=False,
                        help_text="What was charged for what the version prices.",
                        max_digits=20,
                    ),
                ),
                (
                    "would_be",
                    models.DecimalField(
                        decimal_places=6,
                        default=Decimal("0"),
                        editable=False,
                        help_text="What the same would have cost.",
                        max_digits=20,
                    ),
                ),
                (
                    "unpriced_actual",
                    models.DecimalField(
                        decimal_places=6,
                        default=Decimal("0"),
                        editable=False,
                        help_text="What was charged for what the version has no price for.",
                        max_digits=20,
                    ),
                ),
                ("components", models.JSONField(default=dict, help_text="By component: label, actual, would_be.")),
                ("most_changed", models.JSONField(default=list, help_text="The calls whose price changes most.")),
                (
                    "first_unpriced",
                    models.JSONField(default=list, help_text="Some of the calls without a price, and why."),
                ),
                (
                    "account",
                    models.ForeignKey(
                        help_text="As if it were on the card. Empty: every account that the card prices.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organizations.account",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="organizations.product"
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        help_text="Empty once a draft was thrown away.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="what_ifs",
                        to="usage.ratecardversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "what-if",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="WhatIfAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(editable=False, max_length=6)),
                ("calls", models.PositiveBigIntegerField(default=0)),
                ("changed", models.PositiveBigIntegerField(default=0)),
                ("own_card", models.PositiveBigIntegerField(default=0, help_text="Priced by the account's own card.")),
                ("unpriced", models.PositiveBigIntegerField(default=0)),
                (
                    "actual",
                    models.DecimalField(
                        decimal_places=6,
                        default=Decimal("0"),
                        editable=False,
                        help_text="What was charged for what the version prices.",
                        max_digits=20,
                    ),
                ),
                (
                    "would_be",
                    models.DecimalField(
                        decimal_places=6,
                        default=Decimal("0"),
                        editable=False,
                        help_text="What the same would have cost.",
                        max_digits=20,
                    ),
                ),
                (
                    "unpriced_actual",
                    models.DecimalField(
                        decimal_places=6,
                        default=Decimal("0"),
                        editable=False,
                        help_text="What was charged for what the version has no price for.",
                        max_digits=20,
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organizations.account",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="accounts", to="usage.whatifrun"
                    ),
                ),
            ],
            options={
                "verbose_name": "what-if of an account",
                "verbose_name_plural": "what-ifs by account",
                "ordering": ["run", "account"],
            },
        ),
        migrations.AddIndex(
            model_name="whatifrun",
            index=models.Index(
                condition=models.Q(("status__in", ["requested", "running"])), fields=["id"], name="what_if_unfinished"
            ),
        ),
        migrations.AddConstraint(
            model_name="whatifrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("first_day__lte", models.F("last_day"))), name="what_if_days"
            ),
        ),
        migrations.AddConstraint(
            model_name="whatifrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("actual__lt", 100000000000000),
                    ("would_be__lt", 100000000000000),
                    ("unpriced_actual__lt", 100000000000000),
                ),
                name="what_if_sums",
            ),
        ),
        migrations.AddConstraint(
            model_name="whatifaccount",
            constraint=models.UniqueConstraint(fields=("run", "account"), name="what_if_account_once"),
        ),
        migrations.AddConstraint(
            model_name="whatifaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("actual__lt", 100000000000000),
                    ("would_be__lt", 100000000000000),
                    ("unpriced_actual__lt", 100000000000000),
                ),
                name="what_if_account_sums",
            ),
        ),
    ]
