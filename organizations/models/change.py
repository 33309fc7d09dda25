"""The history: what was changed, by whom and why, written by triggers and by nothing else.

One table for all models, so that "everything that this person did on Tuesday" is one index away and a new model needs
no table of its own. `organizations.history` says which models are recorded. Rows are only ever added, and only by the
triggers: the database refuses every other statement (migration 0008).
"""

from __future__ import annotations

from django.conf import settings
from django.db import models


class RecordedChange(models.Model):
    """One row that was added, changed or removed.

    `changes` holds {column: [before, after]}. The row is part of an object where staff see it on that object's page: a
    price of its version, a role of its user. Then `model` and `object_id` name the object and `part` the row's model.
    """

    class Operation(models.TextChoices):
        INSERT = "insert", "Added"
        UPDATE = "update", "Changed"
        DELETE = "delete", "Removed"

    class Source(models.TextChoices):
        STAFF = "staff", "Back office"
        CUSTOMER = "customer", "Customer's pages"
        API = "api", "API"
        TASK = "task", "By itself"
        COMMAND = "command", "Command line"
        UNKNOWN = "", "Outside the application"

    at = models.DateTimeField()
    model = models.CharField(max_length=100, help_text="Such as billing.wallet.")
    object_id = models.CharField("object", max_length=255)
    part = models.CharField(max_length=100, blank=True)
    part_id = models.CharField(max_length=255, blank=True)
    operation = models.CharField(max_length=10, choices=Operation)
    changes = models.JSONField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
        verbose_name="who",
    )
    source = models.CharField(max_length=10, choices=Source, blank=True)
    doing = models.CharField("did", max_length=255, blank=True, help_text="The action, page, task or command.")
    reason = models.CharField("why", max_length=255, blank=True)
    context = models.UUIDField(null=True, help_text="The same for all that one request or task changed.")
    database_user = models.CharField(max_length=63)

    class Meta:
        ordering = ["-id"]
        verbose_name = "change"
        indexes = [
            models.Index(fields=["model", "object_id", "-id"], name="change_by_object"),
            models.Index(fields=["user", "-id"], name="change_by_user"),
            models.Index(fields=["model", "-id"], name="change_by_model"),
            models.Index(fields=["at"], name="change_by_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.get_operation_display()} {self.model} {self.object_id}"
