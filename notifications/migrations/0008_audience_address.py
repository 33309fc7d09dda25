from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0007_export_ready"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="audience",
            field=models.CharField(
                choices=[
                    ("everyone", "Everyone"),
                    ("people", "People only"),
                    ("services", "Services only"),
                    ("address", "The address that it names only"),
                ],
                db_default="everyone",
                default="everyone",
                max_length=10,
            ),
        ),
    ]
