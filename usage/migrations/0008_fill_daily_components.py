"""The roll-up by component of what was charged before it was kept, with room for updates in place as its sibling."""

from django.db import migrations

FORWARD = """
INSERT INTO usage_dailycomponent (account_id, project_id, day, is_simulated, event_type, model, tier, outcome,
       component, unit, currency, count, quantity, amount)
SELECT e.account_id, e.project_id, e.day, e.is_simulated, e.event_type, e.model, e.tier, e.outcome,
       l.component, l.unit, e.currency, count(*), sum(l.quantity), sum(l.amount)
  FROM usage_usageevent e,
       jsonb_to_recordset(e.lines) AS l(component text, unit text, quantity numeric, amount numeric)
 WHERE e.status = 'accepted' AND e.total IS NOT NULL
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
"""
ROOM = """
ALTER TABLE usage_dailycomponent SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02,
                                      autovacuum_vacuum_cost_delay = 0)
"""


class Migration(migrations.Migration):
    dependencies = [("usage", "0007_daily_components")]

    operations = [migrations.RunSQL(ROOM, migrations.RunSQL.noop), migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
