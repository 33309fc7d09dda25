"""Documents that could not be made: what went wrong last, and when it is tried again. A row goes once it was made."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from billing.models import DocumentFailure
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin


@admin.register(DocumentFailure)
class DocumentFailureAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Causes of documents that were tried and failed, the newest first."""

    list_display = ("cause", "failures", "error", "next_attempt_at", "created_at")
    search_fields = ("cause", "error")
    search_help_text = "The row it is about, such as receipt:17, or words of the error"
    ordering = ("-id",)
    fields: ClassVar[tuple[str | tuple[str, ...], ...]] = (
        ("cause", "failures"),
        ("next_attempt_at", "created_at"),
        "error",
    )
