"""Refused events: what services send that is not taken, and why."""

from __future__ import annotations

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import RelatedDropdownFilter

from organizations.admin.base import RECENT_ROWS, BigTableAdmin, ReadOnlyMixin
from organizations.admin.panels import Panel
from usage.models import RejectedEvent

CODES = (
    "invalid_event",
    "unknown_account",
    "unknown_project",
    "price_on_request",
    "event_too_old",
    "idempotency_conflict",
)


class CodeFilter(admin.SimpleListFilter):
    """The codes of API.md, without reading the table for them."""

    title = "code"
    parameter_name = "code"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        """Every code that a service may get."""
        return [(code, code.replace("_", " ")) for code in CODES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RejectedEvent]) -> QuerySet[RejectedEvent]:
        """Rejections with this code."""
        return queryset.filter(code=self.value()) if self.value() else queryset


@admin.register(RejectedEvent)
class RejectedEventAdmin(ReadOnlyMixin, BigTableAdmin):
    """Rejections; they leave no key behind, so the event may be sent again."""

    list_display = ("received_at", "service", "code", "detail", "source", "event_id", "subject")
    list_filter = (CodeFilter, ("service", RelatedDropdownFilter))
    list_select_related = ("service",)
    search_fields = ("event_id__exact", "subject__exact")
    search_help_text = f"A whole event id or subject, among the newest {RECENT_ROWS:,}"
    fields = (("service", "code"), "detail", ("source", "event_id", "subject"), "received_at")

    def panels(self, request: HttpRequest, obj: RejectedEvent) -> list[Panel]:
        """The event as it came, pretty-printed where it is JSON."""
        try:
            text = json.dumps(json.loads(obj.body), indent=2, ensure_ascii=False)
        except ValueError:
            text = obj.body
        return [Panel("The event as it came", (), (), preformatted=text or "(empty)", is_wide=True)]
