"""Incidents as staff see them: what customers are told in banners, who put one away, and an end by hand."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display

from notifications.models import Incident
from notifications.services.incidents import resolve
from organizations.admin import actions, panels
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, badge, link, list_url, moment
from organizations.models import Account

LAST_SHOWN = 5
COLOURS = {"Open": "danger", "Dismissed": "warning", "Resolved": "success"}


class StateFilter(admin.SimpleListFilter):
    """By what became of it."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The three states."""
        return [(state.lower(), state) for state in COLOURS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Incident]) -> QuerySet[Incident]:
        """The incidents in that state."""
        if self.value() == "resolved":
            return queryset.filter(resolved_at__isnull=False)
        if self.value() in ("open", "dismissed"):
            return queryset.filter(resolved_at__isnull=True, dismissed_at__isnull=self.value() == "open")
        return queryset


@admin.register(Incident)
class IncidentAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Incidents of all accounts."""

    list_display = ("opened_at", "account", "shown_kind", "shown_reason", "shown_state", "dismissed_by", "resolved_at")
    list_filter = (StateFilter, "kind", "reason", ("account__product", RelatedDropdownFilter))
    ordering = ("-id",)
    list_select_related = ("account", "dismissed_by")
    search_fields = ("account__name", "account__external_id", "account__email", "subject__exact")
    search_help_text = "Account, or what it is about, such as top_up:17"
    fields = (
        ("account", "shown_state"),
        ("shown_kind", "shown_reason"),
        "subject",
        "shown_details",
        ("opened_at", "resolved_at"),
        ("dismissed_at", "dismissed_by"),
    )
    readonly_fields = ("shown_kind", "shown_reason", "shown_state", "shown_details")
    actions_detail = ("resolve_by_hand",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        """Incidents with their accounts."""
        return super().get_queryset(request).select_related("account", "dismissed_by")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """What is resolved stays so."""
        is_open = Incident.objects.filter(pk=object_id, resolved_at__isnull=True).exists()
        return super().get_actions_detail(request, object_id) if is_open else []

    @display(description="state", label=COLOURS)
    def shown_state(self, obj: Incident) -> str:
        """Open, dismissed or resolved."""
        return state_words(obj)

    @display(description="what failed", ordering="kind")
    def shown_kind(self, obj: Incident) -> str:
        """What failed, in words."""
        return obj.kind.replace("_", " ").capitalize()

    @display(description="reason", ordering="reason")
    def shown_reason(self, obj: Incident) -> str:
        """Why, in words."""
        return obj.reason.replace("_", " ").capitalize()

    @display(description="details")
    def shown_details(self, obj: Incident) -> SafeString:
        """What the banner says besides the reason."""
        return format_html("<pre>{}</pre>", json.dumps(obj.details, indent=2, ensure_ascii=False))

    @action(description="Resolve", permissions=["act"], icon="check_circle")
    def resolve_by_hand(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the banner off the customer's pages."""
        incident = self.get_object(request, object_id)
        if incident is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: actions.ReasonForm) -> str:
            changed = incident.resolved_at is None and resolve(account_id=incident.account_id, kind=incident.kind)
            return "The incident is resolved." if changed else "It was resolved already; nothing happened."

        return actions.run(
            request,
            self,
            incident,
            actions.Action(
                title="Resolve the incident",
                intro="The banner goes from the customer's pages. What failed is not tried again.",
                verb="Resolve",
                question=f"Resolve the incident of {incident.account}?",
                explain=lambda form: [
                    ("Account", incident.account),
                    ("Incident", incident),
                    ("Reason", form.cleaned_data["reason"]),
                ],
                perform=perform,
            ),
        )


def state_words(incident: Incident) -> str:
    """Open, dismissed by the customer, or resolved."""
    if incident.resolved_at is not None:
        return "Resolved"
    return "Dismissed" if incident.dismissed_at is not None else "Open"


def account_panels(request: HttpRequest, account: Account) -> list[Panel]:
    """The last incidents, on the account's page, for whoever may look at them."""
    if not request.user.has_perm("notifications.view_incident"):
        return []
    tones = {"Open": "bad", "Dismissed": "warn", "Resolved": "good"}
    rows = [
        (link(one), moment(one.opened_at), badge(state_words(one), tones[state_words(one)]), one.dismissed_by or "")
        for one in Incident.objects.filter(account=account).select_related("dismissed_by")[:LAST_SHOWN]
    ]
    columns = (Column("Incident"), Column("Opened (UTC)"), Column("State"), Column("Dismissed by"))
    more = list_url(Incident, account__id__exact=account.pk)
    empty = "Nothing has failed that the customer could mend."
    return [Panel(f"Last {LAST_SHOWN} incidents", columns, rows, empty=empty, more_url=more, rank=2)]


panels.register(Account, account_panels)
