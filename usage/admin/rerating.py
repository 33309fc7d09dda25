"""Re-ratings for staff: ask for one, look at the difference, confirm it, watch it, stop it."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from organizations.admin import actions
from organizations.admin.amounts import money_column
from organizations.admin.base import BackOfficeAdmin, BigTableAdmin, ReadOnlyMixin
from organizations.admin.panels import Panel, link_to
from organizations.models import User
from usage.admin import rerating_ask
from usage.admin.rerating_panels import difference_rows, difference_text, of_rerating
from usage.models import ChargeRevision, ReratedCall, Rerating, UsageEvent
from usage.services.rerating import asking

OPEN = (Rerating.State.PREVIEWING, Rerating.State.READY, Rerating.State.RUNNING)
RENEW_SECONDS = "3"


@admin.register(Rerating)
class ReratingAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Jobs, newest first."""

    list_display = (
        "__str__",
        "mode",
        "scope",
        "shown_state",
        "found",
        "difference",
        "done",
        "reason",
        "asked_by",
        "asked_at",
    )
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("mode", ChoicesDropdownFilter),
        ("product", RelatedDropdownFilter),
        ("account", AutocompleteSelectFilter),
    )
    list_select_related = ("product", "account", "project", "asked_by")
    search_fields = ("account__name", "account__external_id", "reason", "caller")
    search_help_text = "Account, caller's number or reason"
    date_hierarchy = "asked_at"
    ordering = ("-id",)
    actions_list = ("ask",)
    actions_detail = ("confirm", "stop")
    fields = (
        ("mode", "scope", "shown_state"),
        ("first_day", "last_day"),
        ("event_type", "model", "version", "caller"),
        ("reason", "asked_by", "asked_at"),
        ("confirmed_by", "confirmed_at", "finished_at"),
        "error",
    )
    readonly_fields = ("scope", "shown_state")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rerating]:
        """Without what only the job's own page shows."""
        queryset: QuerySet[Rerating] = super().get_queryset(request)
        return queryset.defer("chosen", "place")

    def panels(self, request: HttpRequest, obj: Rerating) -> list[Panel]:
        """How far it is, and the difference."""
        return of_rerating(obj)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kw: Any
    ) -> HttpResponse:
        """The page renews itself while a worker works."""
        response = super().changeform_view(request, object_id, *args, **kw)
        working = (Rerating.State.PREVIEWING, Rerating.State.RUNNING)
        if object_id and object_id.isdecimal() and Rerating.objects.filter(pk=object_id, state__in=working).exists():
            response["Refresh"] = RENEW_SECONDS
        return response

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """What was previewed can be confirmed, what has not ended can be stopped."""
        state = Rerating.objects.filter(pk=object_id).values_list("state", flat=True).first()
        found = super().get_actions_detail(request, object_id)
        hidden = () if state == Rerating.State.READY else ("_confirm",)
        return [one for one in found if not one.action_name.endswith(hidden)] if state in OPEN else []

    @display(
        description="state",
        ordering="state",
        label={
            "Being previewed": "info",
            "Waits for confirmation": "warning",
            "Running": "info",
            "Done": "success",
            "Stopped": "warning",
            "Failed": "danger",
        },
    )
    def shown_state(self, obj: Rerating) -> str:
        """Where it stands."""
        return str(obj.get_state_display())

    @display(description="difference")
    def difference(self, obj: Rerating) -> str:
        """By how much the charges change in sum."""
        return difference_text(obj)

    @display(description="whose calls")
    def scope(self, obj: Rerating) -> str:
        """An account's, a product's or chosen ones."""
        whose = str(obj.account) if obj.account_id else f"All of {obj.product}"
        project = f", {obj.project}" if obj.project_id else ""
        return f"{whose}{project}" if obj.first_day else f"{whose}: chosen calls"

    @action(description="Re-rate calls", permissions=["act"], icon="currency_exchange", variant=ActionVariant.PRIMARY)
    def ask(self, request: HttpRequest) -> HttpResponse:
        """Have the difference worked out for calls of a period, or chosen ones."""
        return rerating_ask.ask(self, request)

    @action(description="Confirm", permissions=["act"], icon="check", variant=ActionVariant.PRIMARY)
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Correct what the preview found."""
        job = self.get_object(request, object_id)
        if job is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: actions.ActionForm) -> str:
            asking.confirm(rerating_id=job.pk, user_id=cast(User, request.user).pk)
            return "A worker corrects the charges. This page shows how far it is."

        verb = "Reverse the charges" if job.mode == Rerating.Mode.VOID else "Charge anew"
        return actions.run(
            request,
            self,
            job,
            actions.Action(
                title="Confirm the re-rating",
                intro="",
                verb=verb,
                question=f"{verb}: {job.found:,} {'call' if job.found == 1 else 'calls'}?",
                explain=lambda form: _explain(job),
                perform=perform,
                form=actions.ActionForm,
                is_dangerous=True,
                moves_money=True,
                refusals=(ValidationError,),
            ),
        )

    @action(description="Stop", permissions=["act"], icon="stop_circle", variant=ActionVariant.DANGER)
    def stop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End it between two batches."""
        job = self.get_object(request, object_id)
        if job is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: actions.ActionForm) -> str:
            return "Stopped." if asking.stop(rerating_id=job.pk) else "It had ended already."

        return actions.run(
            request,
            self,
            job,
            actions.Action(
                title="Stop the re-rating",
                intro="",
                verb="Stop it",
                question="Stop this job for good?",
                explain=lambda form: [
                    ("Corrected, and stays so", f"{job.done:,}"),
                    ("Left alone", f"{job.found - job.done:,}"),
                ],
                perform=perform,
                form=actions.ActionForm,
                is_dangerous=True,
            ),
        )


def _explain(job: Rerating) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = [("Calls", f"{job.found:,}"), *difference_rows(job), ("Reason", job.reason)]
    return [*rows, ("Asked for by", f"{job.asked_by}, {job.asked_at:%Y-%m-%d %H:%M} UTC")]


class _OfJobs(ReadOnlyMixin, BigTableAdmin):
    """Rows of jobs: reached from the job's page, and searchable by call."""

    search_fields = ("event__call_id__exact", "event__event_id__exact")
    search_help_text = "A whole call id or event id"
    list_select_related = ("account", "event")

    @display(description="call or event")
    def call(self, obj: Any) -> SafeString:
        """The call, with a link to its page."""
        return link_to(UsageEvent, obj.event_id, obj.event.call_id or obj.event.event_id)

    @display(description="job")
    def job(self, obj: Any) -> SafeString:
        """The job, with a link to its page."""
        return link_to(Rerating, obj.rerating_id, f"Re-rating {obj.rerating_id}")


@admin.register(ReratedCall)
class ReratedCallAdmin(_OfJobs):
    """The difference call by call."""

    list_display = (
        *("id", "job", "call", "account", money_column("old_total", "before"), money_column("new_total", "after")),
        *(money_column("difference", "difference", signed=True), "state", "why"),
    )
    list_filter = (("state", ChoicesDropdownFilter), ("account", AutocompleteSelectFilter), "is_simulated")
    narrowing = ("rerating__id__exact", "account__id__exact", "q")
    narrowing_hint = "Open a job's page to see its calls."
    fields = (("job", "call", "account"), "state", "why", ("old_lines", "charge"))
    readonly_fields = ("job", "call")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReratedCall]:
        """A list reads neither bodies nor lines."""
        queryset: QuerySet[ReratedCall] = super().get_queryset(request).select_related("account", "event")
        return queryset.defer("event__body", "event__lines")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """The job's page links here."""
        return lookup == "rerating__id__exact" or super().lookup_allowed(lookup, value, request)


@admin.register(ChargeRevision)
class ChargeRevisionAdmin(_OfJobs):
    """What charges were before they were corrected."""

    list_display = (
        *("revised_at", "call", money_column("total", "was"), money_column("new_total", "became")),
        *("version", "reason", "job"),
    )
    list_select_related = ("event", "version__card")
    list_filter = (("version", AutocompleteSelectFilter),)
    fields = (
        *(("call", "job", "revised_at"), "reason", "version", ("model", "tier", "outcome", "outcome_reason")),
        *(("free_code", "free_reason"), "lines"),
    )
    readonly_fields = ("call", "job")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChargeRevision]:
        """A list reads no bodies."""
        queryset: QuerySet[ChargeRevision] = super().get_queryset(request)
        return queryset.select_related("event", "version__card").defer("event__body", "event__lines")


class RerateCalls:
    """Re-rating for the calls list and a call's page: both lead to the question why."""

    @action(description="Re-rate", permissions=["act"], icon="currency_exchange")
    def rerate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Have this call's difference worked out."""
        return _ask_for([object_id])

    @action(description="Re-rate the chosen calls", permissions=["act"])
    def rerate_chosen(self, request: HttpRequest, queryset: QuerySet[UsageEvent]) -> HttpResponse | None:
        """Have the checked calls' difference worked out."""
        chosen = list(queryset.order_by("pk").values_list("pk", flat=True)[: asking.CHOSEN_MAX + 1])
        if len(chosen) > asking.CHOSEN_MAX:
            words = f"Choose at most {asking.CHOSEN_MAX:,} calls, or re-rate a period."
            messages.error(request, words)
            return None
        return _ask_for(chosen)


def _ask_for(events: list[Any]) -> HttpResponse:
    query = "&".join(f"event={each}" for each in events)
    return HttpResponseRedirect(f"{reverse('admin:usage_rerating_ask')}?{query}")
