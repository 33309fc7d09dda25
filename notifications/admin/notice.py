"""Notices as staff see them: what happened to whom, who was told, and what could not be put into words."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from notifications.models import Delivery, Notice
from notifications.services.fan_out import try_now
from organizations.admin import actions, panels
from organizations.admin.base import BigTableAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, badge, link, list_url, moment
from organizations.models import Account

COLOURS = {"Told": "success", "Services only": "info", "Waiting": "info", "Failed": "danger"}
TONES = {"Told": "good", "Failed": "bad"}
MESSAGES_SHOWN = 20
LAST_SHOWN = 5


class StateFilter(admin.SimpleListFilter):
    """By whether it was told."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What staff look for."""
        return [("waiting", "Waiting"), ("failed", "Failed"), ("quiet", "Too soon after another")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notice]) -> QuerySet[Notice]:
        """The notices in that state."""
        match self.value():
            case "waiting":
                return queryset.filter(expanded_at__isnull=True, failures=0)
            case "failed":
                return queryset.filter(expanded_at__isnull=True, failures__gt=0)
            case "quiet":
                return queryset.filter(is_quiet=True)
        return queryset


@admin.register(Notice)
class NoticeAdmin(ReadOnlyMixin, BigTableAdmin):
    """Happenings that somebody should hear of."""

    list_display = ("created_at", "account", "event", "shown_state", "subject", "expanded_at")
    list_filter = (
        StateFilter,
        ("event", ChoicesDropdownFilter),
        ("audience", ChoicesDropdownFilter),
        ("account__product", RelatedDropdownFilter),
    )
    list_select_related = ("account",)
    search_fields = ("=key", "=account__external_id")
    search_help_text = "The whole key, or the account's identifier"
    narrowing = ("state", "account__id__exact", "q")
    narrowing_hint = "Search for an account to see older ones."
    fields = (
        ("account", "event"),
        ("shown_state", "audience"),
        ("key", "subject"),
        ("created_at", "expanded_at"),
        ("failures", "paused_until"),
        "shown_facts",
    )
    readonly_fields = ("shown_state", "shown_facts")
    actions_detail = ("tell_now",)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Accounts lead here with their own notices."""
        return lookup in self.narrowing or super().lookup_allowed(lookup, value, request)

    @display(description="state", label=COLOURS)
    def shown_state(self, obj: Notice) -> str:
        """The state, coloured."""
        return state_words(obj)

    @display(description="facts")
    def shown_facts(self, obj: Notice) -> SafeString:
        """What the words are made of."""
        return format_html("<pre>{}</pre>", json.dumps(obj.facts, indent=2, ensure_ascii=False))

    def panels(self, request: HttpRequest, obj: Notice) -> list[Panel]:
        """The messages it made, and why it could not be told."""
        rows = [
            (link(each, each.subject), each.recipient, each.get_channel_display(), each.get_status_display())
            for each in obj.deliveries.order_by("id")[:MESSAGES_SHOWN]
        ]
        columns = (Column("Message"), Column("To"), Column("Channel"), Column("Status"))
        more = list_url(Delivery, notice__id__exact=obj.pk)
        shown = [Panel("Messages", columns, rows, empty="Nobody was told.", more_url=more, is_wide=True)]
        if obj.last_error:
            shown.append(Panel("Why it failed", (), (), preformatted=obj.last_error, is_wide=True))
        return shown

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Only what rests after a failure needs a push."""
        rests = Notice.objects.filter(pk=object_id, expanded_at__isnull=True, paused_until__isnull=False).exists()
        return super().get_actions_detail(request, object_id) if rests else []

    @action(description="Tell now", permissions=["act"], icon="campaign")
    def tell_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Not to wait for the end of the pause after a failure."""
        notice = self.get_object(request, object_id)
        if notice is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: actions.ReasonForm) -> str:
            return "It is being told." if try_now(notice) else "It does not rest; nothing happened."

        return actions.run(
            request,
            self,
            notice,
            actions.Action(
                title="Tell the notice now",
                intro="It rests after a failure and is tried again by itself. With its cause mended it need not wait.",
                verb="Tell now",
                question=f"Tell {notice.account} now?",
                explain=lambda form: [("Notice", notice), ("Reason", form.cleaned_data["reason"])],
                perform=perform,
            ),
        )


def state_words(notice: Notice) -> str:
    """Told, told to services only as people heard of another just before, waiting, or failed."""
    if notice.expanded_at is None:
        return "Failed" if notice.failures else "Waiting"
    return "Services only" if notice.is_quiet else "Told"


def account_panels(request: HttpRequest, account: Account) -> list[Panel]:
    """The last notices, on the account's page, for whoever may look at them."""
    if not request.user.has_perm("notifications.view_notice"):
        return []
    last = Notice.objects.filter(account=account).order_by("-id")[:LAST_SHOWN]
    rows = [
        (
            link(one, one.get_event_display()),
            moment(one.created_at),
            badge(state_words(one), TONES.get(state_words(one), "")),
        )
        for one in last
    ]
    columns = (Column("Notice"), Column("Told of (UTC)"), Column("State"))
    more = list_url(Notice, account__id__exact=account.pk)
    empty = "Nothing happened that somebody should hear of."
    return [Panel(f"Last {LAST_SHOWN} notices", columns, rows, empty=empty, more_url=more, rank=2)]


panels.register(Account, account_panels)
