from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("billing", "0018_postpay_periods")]
    operations = [
        migrations.AddConstraint(
            model_name="issuer",
            constraint=models.CheckConstraint(
                condition=Q(issues_certificates=False) | Q(taxes_top_ups=True),
                name="issuer_states_usage_once",
                violation_error_message="Certificates state money that was taxed when it came. Let tax be due at "
                "top-up, or issue no certificates.",
            ),
        )
    ]
