"""What of the spending has a known cost, so that a margin is never taken of what nobody reported the cost of."""

from __future__ import annotations

import decimal
from typing import ClassVar

import djmoney.models.fields
from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations, models

# As `usage.services.rollup_rows` adds it from now on.
FILL = """
UPDATE usage_dailyusage u SET costed_spent = e.spent
  FROM (SELECT account_id, project_id, day, is_simulated, event_type, channel, model, tier, outcome,
               coalesce(sum(total), 0) AS spent
          FROM usage_usageevent WHERE status = 'accepted' AND cost <> 0
         GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9) e
 WHERE (u.account_id, u.project_id, u.day, u.is_simulated, u.event_type, u.channel, u.model, u.tier, u.outcome)
       = (e.account_id, e.project_id, e.day, e.is_simulated, e.event_type, e.channel, e.model, e.tier, e.outcome)
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("usage", "0013_blocked_callers")]

    operations: ClassVar = [
        migrations.RemoveConstraint(model_name="dailyusage", name="daily_usage_sums"),
        migrations.AddField(
            model_name="dailyusage",
            name="costed_spent",
            field=djmoney.models.fields.MoneyField(
                currency_field_name="currency",
                db_default=decimal.Decimal(0),
                decimal_places=6,
                default=decimal.Decimal,
                help_text="Of what was spent: on events of which services reported what providers were paid.",
                max_digits=20,
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        # Checks that wait for the end of the transaction would stand in the way of the table's changes below.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="dailyusage",
            index=BrinIndex(autosummarize=True, fields=["day"], name="daily_usage_by_day"),
        ),
        migrations.AddConstraint(
            model_name="dailyusage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("seconds__lt", 100000000000000),
                    ("spent__lt", 100000000000000),
                    ("cost__lt", 100000000000000),
                    ("costed_spent__lt", 100000000000000),
                    ("tokens__lt", 1000000000000000000),
                ),
                name="daily_usage_sums",
            ),
        ),
    ]
