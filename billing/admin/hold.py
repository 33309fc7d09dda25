"""Holds as staff see them: money reserved for calls, how each ended, and what was asked and answered."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.models import Hold, HoldStatus
from organizations.admin.amounts import money_column
from organizations.admin.base import RECENT_ROWS, BigTableAdmin, ReadOnlyMixin
from organizations.models import Service


@admin.register(Hold)
class HoldAdmin(ReadOnlyMixin, BigTableAdmin):
    """Holds of all calls, tombstones included."""

    list_display = (
        "call_id",
        "wallet",
        "service",
        money_column("amount", "held"),
        "shown_status",
        "created_at",
        "expires_at",
        "ended_at",
    )
    list_filter = (
        ("wallet", AutocompleteSelectFilter),
        ("status", ChoicesDropdownFilter),
        ("service", RelatedDropdownFilter),
    )
    list_select_related = ("wallet__account", "service")
    search_fields = ("call_id__exact",)
    search_help_text = "The whole call id"
    narrowing = ("q",)
    fields = (
        ("call_id", "service"),
        ("wallet", "project"),
        (money_column("amount", "held"), "shown_status"),
        ("created_at", "expires_at", "ended_at"),
        "request",
        "answer",
    )
    readonly_fields = ("shown_status", fields[2][0])

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Hold], search_term: str
    ) -> tuple[QuerySet[Hold], bool]:
        """Holds of this very call id: by the unique key while not expired, else among the newest rows."""
        if not search_term:
            return queryset, False
        services = list(Service.objects.values_list("id", flat=True))
        newest = Hold.objects.order_by("-id").values_list("id", flat=True).first() or 0
        unexpired = Hold.objects.filter(service__in=services, call_id=search_term).exclude(status=HoldStatus.EXPIRED)
        recent = Hold.objects.filter(pk__gt=newest - RECENT_ROWS, call_id=search_term, status=HoldStatus.EXPIRED)
        found = [*unexpired.values_list("id", flat=True), *recent.values_list("id", flat=True)[:100]]
        return queryset.filter(Q(pk__in=found)), False

    @display(description="status", label={"Active": "info", "Captured": "success", "Expired": "warning"})
    def shown_status(self, obj: Any) -> str:
        """The status, coloured."""
        return str(obj.get_status_display())
