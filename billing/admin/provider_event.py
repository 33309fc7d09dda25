"""The inbox as staff see it: what providers told us, what came of it, why it failed, and handling it anew."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from billing.models import ProviderEvent, ProviderEventStatus
from billing.services import inbox
from organizations.admin import actions
from organizations.admin.base import BackOfficeAdmin
from organizations.admin.panels import Panel

COLOURS = {"Handled": "success", "Waiting": "info", "Given up": "danger"}
AT_ONCE_MAX = 500


@admin.register(ProviderEvent)
class ProviderEventAdmin(BackOfficeAdmin):
    """Notices of all providers."""

    list_display = ("event_id", "received_at", "provider", "kind", "object_id", "shown_status", "attempts", "outcome")
    list_filter = (("status", ChoicesDropdownFilter), ("provider", ChoicesDropdownFilter), "kind")
    date_hierarchy = "received_at"
    ordering = ("-id",)
    search_fields = ("=event_id", "=object_id", "kind")
    search_help_text = "The whole id of the event or of its object, or a part of its kind"
    fields = (
        ("provider", "event_id"),
        "kind",
        ("object_kind", "object_id"),
        ("shown_status", "outcome", "attempts"),
        ("received_at", "next_attempt_at", "handled_at"),
    )
    readonly_fields = ("shown_status",)
    actions = ("replay_chosen",)
    actions_detail = ("replay",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: providers write here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: ProviderEvent | None = None) -> bool:
        """Nobody: an event is handled anew, never edited."""
        return False

    @display(description="status", label=COLOURS, ordering="status")
    def shown_status(self, obj: ProviderEvent) -> str:
        """The status, coloured."""
        return str(obj.get_status_display())

    def panels(self, request: HttpRequest, obj: ProviderEvent) -> list[Panel]:
        """Why the last attempt failed."""
        if not obj.last_error:
            return []
        return [Panel("Why it failed", (), (), preformatted=obj.last_error, is_wide=True)]

    @action(description="Replay", permissions=["act"], icon="replay", variant=ActionVariant.PRIMARY)
    def replay(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Handle the event anew."""
        event = self.get_object(request, object_id)
        if event is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: actions.ReasonForm) -> str:
            inbox.replay(event_id=event.pk)
            handled = inbox.handle(event_id=event.pk)
            if handled.status == ProviderEventStatus.PENDING:
                return f"Handled, and it failed again: {handled.last_error} It is tried again by itself."
            return f"Handled anew: {handled.outcome}"

        return actions.run(
            request,
            self,
            event,
            actions.Action(
                title="Replay the event",
                intro="Its object is read at the provider again and settled. What was settled before stays as it is: a "
                "payment is credited once, however often it is told.",
                verb="Replay",
                question=f"Handle {event.kind} of {event.object_id} anew?",
                explain=lambda form: [
                    ("Event", event.event_id),
                    ("Status now", event.get_status_display()),
                    ("Reason", form.cleaned_data["reason"]),
                ],
                perform=perform,
            ),
        )

    @admin.action(description="Replay the chosen events", permissions=["act"])
    def replay_chosen(self, request: HttpRequest, queryset: QuerySet[ProviderEvent]) -> HttpResponse:
        """Queue events to be handled anew by a worker; nothing that was settled happens twice."""
        chosen = list(queryset.order_by("id").values_list("pk", flat=True)[:AT_ONCE_MAX])
        counted = f"{len(chosen)} {'event' if len(chosen) == 1 else 'events'}"

        def perform(form: actions.ReasonForm) -> str:
            for event_id in chosen:
                inbox.replay(event_id=event_id)
                reason = form.cleaned_data["reason"]
                self.log_change(request, ProviderEvent(pk=event_id), f"Replayed with others. reason: {reason}")
            return f"Queued {counted} to be handled anew."

        return actions.run(
            request,
            self,
            None,
            actions.Action(
                title="Replay the chosen events",
                intro="A worker reads their objects at the provider again and settles them. What was settled before "
                f"stays as it is. The first {AT_ONCE_MAX} of the chosen are taken.",
                verb="Replay",
                question=f"Handle {counted} anew?",
                explain=lambda form: [("Events", len(chosen)), ("Reason", form.cleaned_data["reason"])],
                perform=perform,
                carried=actions.chosen_rows(request),
            ),
        )
