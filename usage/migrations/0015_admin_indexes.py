from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """A call is found by its id alone, through one index instead of one look per account."""

    atomic = False
    dependencies: ClassVar = [("usage", "0014_reports")]

    operations: ClassVar = [
        AddIndexConcurrently(
            model_name="usageevent",
            index=models.Index(fields=["call_id", "account"], name="event_by_call_id", condition=~Q(call_id="")),
        ),
        RemoveIndexConcurrently(model_name="usageevent", name="event_by_call"),
        AddIndexConcurrently(
            model_name="rejectedevent",
            index=models.Index(fields=["event_id"], name="rejection_by_event", condition=~Q(event_id="")),
        ),
    ]
