"""Who wants to hear of what, and where, as staff see it; members choose it themselves on their pages."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from notifications.models import AlertAddress, Preference, TelegramLink
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin

OF_ACCOUNT = ("=account__external_id", "account__name")
BY_PRODUCT = ("account__product", RelatedDropdownFilter)


@admin.register(AlertAddress)
class AlertAddressAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Addresses besides the members' own."""

    list_display = ("email", "account", "created_at", "confirmed_at", "unsubscribed_at")
    list_filter = (BY_PRODUCT,)
    list_select_related = ("account",)
    search_fields = ("email", *OF_ACCOUNT)
    fields = (("account", "email"), ("added_by", "created_at"), ("confirmed_at", "unsubscribed_at"))


@admin.register(Preference)
class PreferenceAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """What members chose otherwise than the default."""

    list_display = ("user", "account", "event", "channel", "is_on")
    list_filter = (("event", ChoicesDropdownFilter), ("channel", ChoicesDropdownFilter), BY_PRODUCT)
    list_select_related = ("account", "user")
    ordering = ("-id",)
    search_fields = ("user__email", *OF_ACCOUNT)
    fields = (("account", "user"), ("event", "channel", "is_on"))


@admin.register(TelegramLink)
class TelegramLinkAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Members' chats: waiting, linked and ended."""

    list_display = ("user", "account", "chat_name", "linked_at", "ended_at", "ended_reason")
    list_filter = (("ended_reason", ChoicesDropdownFilter), BY_PRODUCT)
    list_select_related = ("account", "user")
    search_fields = ("=chat_id", "user__email", *OF_ACCOUNT)
    fields = (
        ("account", "user"),
        ("chat_id", "chat_name"),
        ("created_at", "expires_at"),
        ("linked_at", "ended_at", "ended_reason"),
    )
