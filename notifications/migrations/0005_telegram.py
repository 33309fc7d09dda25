from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0004_audience"),
        ("organizations", "0003_languages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TelegramPace",
            fields=[
                ("chat_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("next_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="telegramlink",
            name="telegram_one",
        ),
        migrations.AddField(
            model_name="delivery",
            name="button",
            field=models.CharField(blank=True, help_text="In a chat: what the link says.", max_length=100),
        ),
        migrations.AddField(
            model_name="delivery",
            name="button_url",
            field=models.CharField(blank=True, max_length=500, verbose_name="button's address"),
        ),
        migrations.AlterField(
            model_name="telegramlink",
            name="ended_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("unlinked", "Unlinked on our page"),
                    ("stopped", "Stopped in the chat"),
                    ("blocked", "The bot was blocked, or the chat is gone"),
                    ("replaced", "Linked anew"),
                ],
                max_length=40,
            ),
        ),
        migrations.AlterField(
            model_name="telegramlink",
            name="linked_at",
            field=models.DateTimeField(blank=True, help_text="By Telegram's clock.", null=True),
        ),
        migrations.AddIndex(
            model_name="telegramlink",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)), fields=["chat_id"], name="telegram_by_chat"
            ),
        ),
        migrations.AddConstraint(
            model_name="telegramlink",
            constraint=models.UniqueConstraint(
                condition=models.Q(("chat_id__isnull", False), ("ended_at__isnull", True)),
                fields=("account", "user"),
                name="telegram_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="telegramlink",
            constraint=models.UniqueConstraint(
                condition=models.Q(("chat_id__isnull", True), ("ended_at__isnull", True)),
                fields=("account", "user"),
                name="telegram_one_waiting",
            ),
        ),
    ]
