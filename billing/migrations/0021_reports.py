"""What each wallet's ledger accounts had turned over by the end of a day; the sweep fills in the days that are over."""

from __future__ import annotations

from typing import Any, ClassVar

import django.db.models.deletion
from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

RULES = (
    """
ALTER TABLE billing_ledgerday ADD CONSTRAINT ledger_day_sums CHECK (
  array_length(debits, 1) = 15 AND array_length(credits, 1) = 15
  AND array_position(debits, NULL) IS NULL AND array_position(credits, NULL) IS NULL
  AND array_position(debits, 'NaN') IS NULL AND array_position(credits, 'NaN') IS NULL);
CREATE TRIGGER ledger_rows_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_ledgerday
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
""",
    """
DROP TRIGGER ledger_rows_stay ON billing_ledgerday;
ALTER TABLE billing_ledgerday DROP CONSTRAINT ledger_day_sums;
""",
)
HELP = "In the row's currency, at the place of the ledger account's kind, the first being 1."


def _sums() -> ArrayField[Any, Any]:
    return ArrayField(models.DecimalField(decimal_places=6, max_digits=20), help_text=HELP, size=None)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0020_second_person")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="LedgerDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(editable=False, max_length=6)),
                ("day", models.DateField(help_text="UTC.")),
                (
                    "last_number",
                    models.BigIntegerField(help_text="The wallet's last transaction that is in the sums."),
                ),
                ("debits", _sums()),
                ("credits", _sums()),
                (
                    "wallet",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="billing.wallet",
                    ),
                ),
            ],
            options={
                "verbose_name": "ledger day",
                "permissions": [
                    ("view_reports", "Can see and download reports"),
                    ("export_lists", "Can download lists, customers' names and addresses among them"),
                ],
                "constraints": [models.UniqueConstraint(fields=("wallet", "day"), name="ledger_day_once")],
            },
        ),
        migrations.RunSQL(*RULES),
    ]
