"""Answers kept for requests with an Idempotency-Key: what a service was told, word for word."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import RelatedDropdownFilter

from organizations.admin.base import BigTableAdmin, ReadOnlyMixin
from usage.models import IdempotentRequest


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(ReadOnlyMixin, BigTableAdmin):
    """First answers; for finding out why a service got the answer it got."""

    list_display = ("created_at", "service", "key", "status")
    list_filter = (("service", RelatedDropdownFilter),)
    list_select_related = ("service",)
    search_fields = ("key__exact",)
    search_help_text = "A whole key, among the newest"
    fields = (("service", "key"), ("status", "created_at"), "fingerprint", "answer")
