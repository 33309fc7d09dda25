"""Calls and events: what was reported, what it cost line by line, why, and the action that reverses it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RangeDateFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from organizations.admin import actions
from organizations.admin.amounts import money_column, money_html
from organizations.admin.base import BigTableAdmin, ReadOnlyMixin
from organizations.admin.panels import Panel, badge, link
from usage.admin.blocked_actions import block_caller
from usage.admin.event_panels import charge_panel, payment_panel, plain
from usage.admin.event_search import find_accounts, find_events
from usage.admin.rerating import RerateCalls
from usage.admin.rerating_panels import revisions_panel
from usage.models import UsageEvent
from usage.services.errors import ServiceError
from usage.services.void import void

DECIDED = (
    ("service", "source", "event_id"),
    ("occurred_at", "received_at", "day"),
    ("call_id", "channel", "direction"),
    ("call_status", "model", "tier"),
)


@admin.register(UsageEvent)
class UsageEventAdmin(RerateCalls, ReadOnlyMixin, BigTableAdmin):
    """Events of all services."""

    list_display = (
        "received_at",
        "shown_id",
        "account",
        "product",
        "event_type",
        "length",
        "outcome",
        money_column("total", "charged"),
        "state",
    )
    list_filter = (
        ("account", AutocompleteSelectFilter),
        ("day", RangeDateFilter),
        ("service", RelatedDropdownFilter),
        ("event_type", ChoicesDropdownFilter),
        ("status", ChoicesDropdownFilter),
        "is_simulated",
    )
    list_select_related = ("account__product",)
    search_fields = ("call_id__exact", "event_id__exact")
    search_help_text = "A whole call id or event id, or an account's identifier or e-mail"
    narrowing = ("account__id__exact", "q")
    narrowing_hint = "Choose an account or search for a call to see older ones."
    actions = ("rerate_chosen",)  # type: ignore[assignment]
    actions_detail = (
        "void",
        "rerate",
        "block_caller",
    )
    readonly_fields = (
        "length",
        "shown_version",
        money_column("cost", "provider cost"),
        money_column("available_after", "available after"),
        money_column("held_after", "held after"),
    )
    fieldsets = (
        ("The event", {"fields": (("account", "project"), *DECIDED, ("started_at", "length"))}),
        (
            "What decided the charge",
            {
                "fields": (
                    ("shown_version", readonly_fields[2]),
                    ("outcome", "outcome_reason"),
                    ("free_code", "free_reason"),
                    (readonly_fields[3], readonly_fields[4], "hold_id"),
                )
            },
        ),
        ("The event as it came", {"fields": ("body",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[UsageEvent]:
        """A list reads neither bodies nor lines; a page reads what it links to."""
        queryset: QuerySet[UsageEvent] = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name == "usage_usageevent_changelist":
            return queryset.defer("body", "lines")
        return queryset.select_related("account__product", "project", "service", "version__card", "transaction")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[UsageEvent], search_term: str
    ) -> tuple[QuerySet[UsageEvent], bool]:
        """Exact matches only, each through an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if accounts := find_accounts(term):
            return queryset.filter(account_id__in=accounts), False
        return queryset.filter(pk__in=find_events(term)), False

    def panels(self, request: HttpRequest, obj: UsageEvent) -> list[Panel]:
        """The charge and what paid for it."""
        return [charge_panel(obj), payment_panel(obj), *revisions_panel(obj)]

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Nothing to reverse where it was done, or where the hour is what is charged."""
        event = UsageEvent.objects.filter(pk=object_id, status=UsageEvent.Status.ACCEPTED, hour=None)
        found: list[Any] = super().get_actions_detail(request, object_id)
        is_charged = event.exists()
        return [one for one in found if is_charged or one.action_name.endswith("_block_caller")]

    @display(description="call or event")
    def shown_id(self, obj: UsageEvent) -> str:
        """The call id, or the event's own id."""
        return obj.call_id or obj.event_id

    @display(description="product")
    def product(self, obj: UsageEvent) -> str:
        """The account's product."""
        return str(obj.account.product)

    @display(description="length")
    def length(self, obj: UsageEvent) -> str:
        """Seconds."""
        return f"{plain(obj.duration_seconds)} s" if obj.duration_seconds else ""

    @display(description="rate-card version")
    def shown_version(self, obj: UsageEvent) -> Any:
        """The version that priced it."""
        return link(obj.version) if obj.version else "none"

    @display(description="state")
    def state(self, obj: UsageEvent) -> SafeString | str:
        """Only what is out of the ordinary."""
        if obj.status == UsageEvent.Status.VOID:
            return badge("Reversed", "bad")
        if obj.is_simulated:
            return badge("Simulated", "warn")
        return badge("Free") if obj.free_code else ""

    @action(description="Block caller", permissions=["block"], icon="phone_disabled", variant=ActionVariant.DANGER)
    def block_caller(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Deny calls of the number that called."""
        event = self.get_object(request, object_id)
        if event is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return block_caller(request, self, event)

    def has_block_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may block callers."""
        return request.user.has_perm("usage.change_blockedcaller")

    @action(description="Void", permissions=["act"], icon="undo", variant=ActionVariant.DANGER)
    def void(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Reverse what was charged."""
        event = self.get_object(request, object_id)
        if event is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: actions.ReasonForm) -> str:
            void(event=event, reason=form.cleaned_data["reason"], actor_id=request.user.pk)
            return "Reversed: the grants it was paid from have their money back."

        return actions.run(
            request,
            self,
            event,
            actions.Action(
                title="Void the charge",
                intro="The charge is reversed by an opposite transaction; the event stays, marked as reversed.",
                verb="Void the charge",
                moves_money=True,
                question="Void this charge?",
                explain=lambda form: [
                    ("Account", event.account),
                    ("Call or event", self.shown_id(event)),
                    ("Charged", money_html(event.total)),
                    ("Goes back to the wallet", money_html(event.total) if event.transaction_id else "nothing"),
                    ("Reason", form.cleaned_data["reason"]),
                ],
                perform=perform,
                is_dangerous=True,
                refusals=(ServiceError,),
            ),
        )
