from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    """Messages and alert addresses are found by the address."""

    atomic = False
    dependencies: ClassVar = [("notifications", "0008_audience_address")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(fields=["recipient", "-id"], name="delivery_by_recipient"),
        ),
        AddIndexConcurrently(
            model_name="alertaddress",
            index=models.Index(OpClass(Lower("email"), "text_pattern_ops"), name="alert_address_by_email"),
        ),
    ]
