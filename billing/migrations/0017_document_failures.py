from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0016_exports")]
    operations = [
        migrations.CreateModel(
            name="DocumentFailure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "cause",
                    models.CharField(help_text="The row it is about: receipt:17, pdf:203.", max_length=80, unique=True),
                ),
                ("error", models.TextField()),
                ("failures", models.PositiveSmallIntegerField(help_text="How often it was tried.")),
                ("next_attempt_at", models.DateTimeField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"ordering": ["-id"]},
        ),
        migrations.AddField(
            model_name="issuer",
            name="issues_certificates",
            field=models.BooleanField(
                default=False,
                help_text="One per organization and month, for what calls used.",
                verbose_name="completion certificates",
            ),
        ),
    ]
