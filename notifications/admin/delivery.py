"""The outbox as staff see it."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from notifications.models import Delivery
from organizations.admin.base import BigTableAdmin, ReadOnlyMixin


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyMixin, BigTableAdmin):
    """Messages: waiting, sent and given up."""

    list_display = (
        "created_at",
        "recipient",
        "subject",
        "channel",
        "shown_status",
        "attempts",
        "next_attempt_at",
        "sent_at",
    )
    list_filter = (("status", ChoicesDropdownFilter), ("channel", ChoicesDropdownFilter))
    search_fields = ("recipient__iexact", "subject", "key__exact")
    fieldsets = (
        (None, {"fields": (("recipient", "channel"), "subject", "body")}),
        (
            "Sending",
            {
                "fields": (
                    ("shown_status", "attempts"),
                    ("next_attempt_at", "sent_at"),
                    "last_error",
                    ("key", "created_at"),
                )
            },
        ),
    )
    readonly_fields = ("shown_status",)

    @display(description="status", label={"Sent": "success", "Waiting": "info", "Given up": "danger"})
    def shown_status(self, obj: Delivery) -> str:
        """The status, coloured."""
        return obj.get_status_display()
