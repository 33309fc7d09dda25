"""Room for updates in place on the daily roll-up, which every charge of a day updates."""

from django.db import migrations

FORWARD = """
ALTER TABLE usage_dailyusage SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02,
                                  autovacuum_vacuum_cost_delay = 0)
"""
REVERSE = """
ALTER TABLE usage_dailyusage RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay)
"""


class Migration(migrations.Migration):
    dependencies = [("usage", "0004_no_nan")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
