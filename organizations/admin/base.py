"""What every list and page of the back office has in common: bounded counts, windows over big tables, read-only models.

A list never counts more than `CappedPaginator.cap` rows and never scans a table that grows with every call: a
`RecentChangeList` shows the newest rows until a filter that an index serves narrows it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Max, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from organizations.admin import panels

RECENT_ROWS = 100_000


class CappedPaginator(Paginator):
    """Counts rows up to `cap` and no further; its template says "10,000+" beyond."""

    template_name = "admin/pagination_capped.html"
    cap = 10_000

    @cached_property
    def count(self) -> int:
        """Rows of the list, at most one more than `cap`."""
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return int(rows.order_by().values("pk")[: self.cap + 1].count())
        return len(rows)

    @property
    def is_capped(self) -> bool:
        """Whether there are more rows than were counted."""
        return self.count > self.cap


class RecentChangeList(ChangeList):
    """The newest `RECENT_ROWS` rows, or all of them once one of the admin's `narrowing` parameters is given."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: list[str | None] | None = None) -> QuerySet[Any]:
        """The filtered rows, inside the window where nothing narrows them."""
        queryset = super().get_queryset(request, exclude_parameters)
        if any(request.GET.get(name) for name in self.model_admin.narrowing):
            self.window_hides_rows = False
            return queryset
        newest = self.model._default_manager.aggregate(newest=Max("pk"))["newest"] or 0
        self.window_hides_rows = newest > RECENT_ROWS
        return queryset.filter(pk__gt=newest - RECENT_ROWS)


class BackOfficeAdmin(ModelAdmin):
    """The base of every page of the back office. Rows are kept: nothing is deleted unless a subclass says so."""

    paginator = CappedPaginator
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_filter_submit = True
    change_form_outer_before_template = "admin/panels.html"
    narrowing: ClassVar[tuple[str, ...]] = ()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: what money or calls refer to stays."""
        return False

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may use the model's actions: whoever may change it, even where no form does."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def panels(self, request: HttpRequest, obj: Any) -> list[panels.Panel]:
        """What the page shows above its form; apps further up add theirs by `panels.register`."""
        return []

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The model's page, with its panels."""
        context = dict(extra_context or {})
        if object_id and request.method == "GET":
            obj = self.get_object(request, object_id)
            if obj is not None and self.has_view_permission(request, obj):
                context["panels"] = [*self.panels(request, obj), *panels.registered(self.model, request, obj)]
        response: HttpResponse = super().changeform_view(request, object_id, form_url, context)
        return response


class BigTableAdmin(BackOfficeAdmin):
    """For tables that grow with every call: a window, and no sorting that no index serves."""

    sortable_by: ClassVar[tuple[str, ...]] = ()
    ordering = ("-pk",)
    list_before_template = "admin/recent_note.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list over a window."""
        return RecentChangeList


class ReadOnlyMixin:
    """Rows that the system writes and nobody edits, superusers included."""

    actions = None

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False
