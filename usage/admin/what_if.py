"""What-if runs for staff: what calls would have cost on a version, in sum, by component and by account."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from organizations.admin import actions
from organizations.admin.amounts import amount_html
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin
from organizations.admin.panels import Panel
from usage.admin import what_if_panels
from usage.admin.what_if_ask import ask_action
from usage.models import WhatIfAccount, WhatIfRun
from usage.models.what_if import UNFINISHED
from usage.services.what_if import asking
from usage.services.what_if.table import csv_lines


@admin.register(WhatIfRun)
class WhatIfRunAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Runs, newest first; each was asked for on the page of its version."""

    list_display = (
        "__str__",
        "scope",
        "shown_status",
        "progress",
        "shown_actual",
        "shown_would_be",
        "shown_difference",
        "unpriced",
        "requested_by",
        "requested_at",
    )
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("product", RelatedDropdownFilter),
        ("version", AutocompleteSelectFilter),
        ("account", AutocompleteSelectFilter),
    )
    list_select_related = ("product", "account", "requested_by")
    search_fields = ("version_name", "account__name", "account__external_id", "product__name")
    ordering = ("-id",)
    actions_detail = ("csv", "again", "stop")
    fields = (
        ("version_link", "scope"),
        ("first_day", "last_day"),
        ("requested_by", "requested_at"),
        ("shown_status", "progress", "finished_at"),
        "error",
    )
    readonly_fields = ("version_link", "scope", "shown_status", "progress")

    def panels(self, request: HttpRequest, obj: WhatIfRun) -> list[Panel]:
        """The sums, what they are made of, and the calls that stand out."""
        return what_if_panels.of_run(obj)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """A run that works can be stopped; one that ended can be downloaded and asked for again."""
        works = WhatIfRun.objects.filter(pk=object_id, status__in=UNFINISHED).exists()
        hidden = ("_csv", "_again") if works else ("_stop",)
        return [one for one in super().get_actions_detail(request, object_id) if not one.action_name.endswith(hidden)]

    @display(
        description="state",
        ordering="status",
        label={"Waiting": "info", "Running": "info", "Done": "success", "Stopped": "warning", "Failed": "danger"},
    )
    def shown_status(self, obj: WhatIfRun) -> str:
        """Where it stands."""
        return obj.get_status_display()

    @display(description="accounts")
    def scope(self, obj: WhatIfRun) -> str:
        """Whose calls."""
        return str(obj.account) if obj.account_id else f"all of {obj.product} on the card"

    @display(description="calls")
    def progress(self, obj: WhatIfRun) -> str:
        """How many calls were looked at, and of how many while it works."""
        return f"{obj.calls:,} of about {obj.calls_expected:,}" if obj.is_unfinished else f"{obj.calls:,}"

    @display(description="priced on")
    def version_link(self, obj: WhatIfRun) -> Any:
        """The version, while it exists."""
        return what_if_panels.version_link(obj)

    @display(description="charged", ordering="actual")
    def shown_actual(self, obj: WhatIfRun) -> Any:
        """What was charged."""
        return amount_html(obj.actual, obj.currency)

    @display(description="would be", ordering="would_be")
    def shown_would_be(self, obj: WhatIfRun) -> Any:
        """What the version would have charged."""
        return amount_html(obj.would_be, obj.currency)

    @display(description="difference")
    def shown_difference(self, obj: WhatIfRun) -> Any:
        """Would be, less what was charged."""
        return amount_html(obj.difference, obj.currency, signed=True)

    @action(description="Download CSV", permissions=["view"], icon="download", variant=ActionVariant.PRIMARY)
    def csv(self, request: HttpRequest, object_id: str) -> HttpResponse | StreamingHttpResponse:
        """The sums, by component and by account."""
        run = self.get_object(request, object_id)
        if run is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        answer = StreamingHttpResponse(csv_lines(run), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="what-if-{run.pk}.csv"'
        return answer

    @action(description="Run again", permissions=["act"], icon="replay")
    def again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The same question, of the prices and calls as they are now."""
        run = self.get_object(request, object_id)
        if run is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if run.version is None:
            self.message_user(request, "The draft that was priced is thrown away.", level="error")
            return HttpResponseRedirect(actions.page_url(self, run))
        return ask_action(
            self,
            request,
            run.version,
            initial={"first_day": run.first_day, "last_day": run.last_day, "account": run.account_id},
        )

    @action(description="Stop", permissions=["act"], icon="stop_circle", variant=ActionVariant.DANGER)
    def stop(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End it where it is."""
        run = self.get_object(request, object_id)
        if run is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: Any) -> str:
            return "Stopped." if asking.stop(run=run) else "It had ended already."

        return actions.run(
            request,
            self,
            run,
            actions.Action(
                title="Stop the what-if",
                intro="What was compared so far stays to be read.",
                verb="Stop",
                question="Stop this what-if?",
                explain=lambda form: [("Compared so far", self.progress(run))],
                perform=perform,
                form=actions.ActionForm,
            ),
        )


@admin.register(WhatIfAccount)
class WhatIfAccountAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Runs account by account; the page of a run leads here."""

    list_display = (
        "account",
        "run",
        "calls",
        "changed",
        "unpriced",
        "shown_actual",
        "shown_would_be",
        "shown_difference",
    )
    list_filter = (("run", AutocompleteSelectFilter), ("account", AutocompleteSelectFilter))
    list_select_related = ("account", "run")
    search_fields = ("account__name", "account__external_id")
    ordering = ("-run_id", "-would_be")
    fields = (
        ("account", "run"),
        ("calls", "changed", "own_card", "unpriced"),
        ("shown_actual", "shown_would_be", "shown_difference"),
        "shown_unpriced",
    )
    readonly_fields = ("shown_actual", "shown_would_be", "shown_difference", "shown_unpriced")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WhatIfAccount]:
        """With the run and the account, which every page names."""
        return super().get_queryset(request).select_related("account", "run")

    @display(description="charged", ordering="actual")
    def shown_actual(self, obj: WhatIfAccount) -> Any:
        """What was charged."""
        return amount_html(obj.actual, obj.currency)

    @display(description="would be", ordering="would_be")
    def shown_would_be(self, obj: WhatIfAccount) -> Any:
        """What the version would have charged."""
        return amount_html(obj.would_be, obj.currency)

    @display(description="difference")
    def shown_difference(self, obj: WhatIfAccount) -> Any:
        """Would be, less what was charged."""
        return amount_html(obj.difference, obj.currency, signed=True)

    @display(description="charged for calls without a price")
    def shown_unpriced(self, obj: WhatIfAccount) -> Any:
        """What was charged for what the version would refuse."""
        return amount_html(obj.unpriced_actual, obj.currency)
