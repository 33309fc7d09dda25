"""What the calculator on the prices page begins with; the products' files fill it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("usage", "0008_fill_daily_components")]

    operations = [
        migrations.AddField(
            model_name="ratecard",
            name="examples",
            field=models.JSONField(
                blank=True,
                default=dict,
                editable=False,
                help_text="What the calculator on the prices page begins with: an event's data by event type.",
            ),
        ),
    ]
