"""Blocked callers. A block is lifted and never removed, and holds from the next request in every process."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

RULES = (
    """
CREATE TRIGGER ledger_rows_stay BEFORE DELETE OR TRUNCATE ON usage_blockedcaller
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
CREATE TRIGGER blocked_caller_stays BEFORE UPDATE ON usage_blockedcaller FOR EACH ROW
  WHEN (OLD.lifted_at IS NOT NULL OR OLD.product_id <> NEW.product_id OR OLD.number <> NEW.number
        OR OLD.account_id IS DISTINCT FROM NEW.account_id OR OLD.written <> NEW.written OR OLD.reason <> NEW.reason
        OR OLD.blocked_by_id <> NEW.blocked_by_id OR OLD.blocked_at <> NEW.blocked_at)
  EXECUTE FUNCTION billing_refuse_change('who was blocked stays; lift it and block anew');
CREATE TRIGGER blocked_callers_changed AFTER INSERT OR UPDATE ON usage_blockedcaller
  FOR EACH ROW EXECUTE FUNCTION billing_terms_changed();
ALTER TABLE organizations_account ADD CONSTRAINT account_id_product UNIQUE (id, product_id);
ALTER TABLE usage_blockedcaller ADD CONSTRAINT blocked_caller_of_account
  FOREIGN KEY (account_id, product_id) REFERENCES organizations_account (id, product_id);
""",
    """
ALTER TABLE usage_blockedcaller DROP CONSTRAINT blocked_caller_of_account;
ALTER TABLE organizations_account DROP CONSTRAINT account_id_product;
DROP TRIGGER blocked_callers_changed ON usage_blockedcaller;
DROP TRIGGER blocked_caller_stays ON usage_blockedcaller;
DROP TRIGGER ledger_rows_stay ON usage_blockedcaller;
""",
)


class Migration(migrations.Migration):
    """The table, then its rules; every step has its way back."""

    dependencies: ClassVar = [
        ("usage", "0012_what_if"),
        ("billing", "0020_second_person"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="BlockedCaller",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(help_text="As it is compared: without spaces and dashes.", max_length=64)),
                ("written", models.CharField(max_length=64, verbose_name="number as reported")),
                ("reason", models.CharField(max_length=255)),
                ("blocked_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("lifted_because", models.CharField(blank=True, max_length=255)),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        help_text="Whose calls. Empty: those of every account of the product.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="blocked_callers",
                        to="organizations.account",
                    ),
                ),
                (
                    "blocked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "lifted_by",
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
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at__isnull", True)),
                        fields=("product", "account", "number"),
                        name="blocked_caller_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lifted_at__isnull", True), ("lifted_by__isnull", True)),
                            models.Q(("lifted_at__isnull", False), ("lifted_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="blocked_caller_lifted_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number", ""), _negated=True), name="blocked_caller_number"
                    ),
                ],
            },
        ),
        migrations.RunSQL(*RULES),
    ]
