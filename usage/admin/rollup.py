"""Roll-ups of usage: the daily sums that pages read, and chat messages waiting for their hour to close."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, path
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter

from organizations.admin.amounts import money_column
from organizations.admin.base import BigTableAdmin, ReadOnlyMixin
from usage.admin.reports.margin import MarginView
from usage.models import ChatHour, DailyComponent, DailyUsage


@admin.register(DailyUsage)
class DailyUsageAdmin(ReadOnlyMixin, BigTableAdmin):
    """Days of projects; equal to the events they sum."""

    list_display = (
        "day",
        "account",
        "project",
        "event_type",
        "outcome",
        "tier",
        "count",
        "free_count",
        money_column("spent", "spent"),
        money_column("cost", "provider cost"),
        "is_simulated",
    )
    list_filter = (
        ("account", AutocompleteSelectFilter),
        ("day", RangeDateFilter),
        ("event_type", ChoicesDropdownFilter),
        "is_simulated",
    )
    list_select_related = ("account", "project")
    narrowing = ("account__id__exact",)
    narrowing_hint = "Choose an account to see older ones."
    fields = (
        ("account", "project", "day"),
        ("event_type", "channel", "model"),
        ("tier", "outcome", "is_simulated"),
        ("count", "free_count"),
        ("seconds", "tokens"),
        (
            money_column("spent", "spent"),
            money_column("costed_spent", "of it with a known cost"),
            money_column("cost", "provider cost"),
        ),
    )
    readonly_fields = fields[5]

    def get_urls(self) -> list[URLPattern]:
        """With the report that sums them."""
        view = self.admin_site.admin_view(MarginView.as_view(model_admin=self))
        return [path("reports/margin/", view, name="report_margin"), *super().get_urls()]


@admin.register(DailyComponent)
class DailyComponentAdmin(ReadOnlyMixin, BigTableAdmin):
    """Days of projects by what was charged for; equal to the charge lines they sum."""

    list_display = (
        "day",
        "account",
        "project",
        "component",
        "model",
        "tier",
        "outcome",
        "count",
        "quantity",
        "unit",
        money_column("amount", "amount"),
        "is_simulated",
    )
    list_filter = (
        ("account", AutocompleteSelectFilter),
        ("day", RangeDateFilter),
        ("event_type", ChoicesDropdownFilter),
        "is_simulated",
    )
    list_select_related = ("account", "project")
    narrowing = ("account__id__exact",)
    narrowing_hint = "Choose an account to see older ones."
    fields = (
        ("account", "project", "day"),
        ("event_type", "model", "is_simulated"),
        ("tier", "outcome"),
        ("component", "count"),
        ("quantity", "unit"),
        (money_column("amount", "amount"),),
    )
    readonly_fields = fields[5]


@admin.register(ChatHour)
class ChatHourAdmin(ReadOnlyMixin, BigTableAdmin):
    """Hours of chat: charged once, when they are over."""

    list_display = ("hour", "project", "account", "messages", "is_simulated", "charged_at")
    list_filter = (("account", AutocompleteSelectFilter), "is_simulated", ("charged_at", admin.EmptyFieldListFilter))
    list_select_related = ("project", "account")
    narrowing = ("account__id__exact",)
    fields = (
        ("service", "account", "project"),
        ("hour", "charged_at", "is_simulated"),
        ("messages", "llm_input_tokens", "llm_output_tokens"),
    )
