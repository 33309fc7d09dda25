"""Calls that were no conversation are found by how they ended."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("usage", "0009_rate_card_examples")]

    operations = [
        migrations.AddIndex(
            model_name="usageevent",
            index=models.Index(
                fields=["account", "call_status", "-day", "-id"],
                name="event_unanswered",
                condition=models.Q(("call_status__in", ["", "completed"]), _negated=True),
            ),
        ),
    ]
