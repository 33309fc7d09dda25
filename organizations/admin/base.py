"""What every list and page of the back office has in common: bounded counts, windows over big tables, read-only models.

A list never counts more than `CappedPaginator.cap` rows and never scans a table that grows with every call: a
`RecentChangeList` shows the newest rows until a filter that an index serves narrows it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from functools import cache
from typing import Any, ClassVar

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import DateField, DateTimeField, DecimalField, Max, Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from organizations import recent_sign_in
from organizations.admin import panels
from organizations.admin.recorded import RecordedAdmin

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


@cache
def moment_column(field: DateTimeField[Any, Any]) -> Callable[[Model], str | None]:
    """A column that shows the field's moment to the second, in UTC; sorted by the field."""

    def column(obj: Model) -> str | None:
        moment = getattr(obj, field.name)
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment is not None else None

    column.short_description = f"{field.verbose_name} (UTC)"  # type: ignore[attr-defined]
    column.admin_order_field = field.name  # type: ignore[attr-defined]
    column.__name__ = field.name
    return column


@cache
def day_column(field: DateField[Any, Any]) -> Callable[[Model], str | None]:
    """A column that shows the field's day on one line; sorted by the field."""

    def column(obj: Model) -> str | None:
        day = getattr(obj, field.name)
        return format_html('<span class="bo-time">{}</span>', f"{day:%Y-%m-%d}") if day is not None else None

    column.short_description = field.verbose_name  # type: ignore[attr-defined]
    column.admin_order_field = field.name  # type: ignore[attr-defined]
    column.__name__ = field.name
    return column


@cache
def number_column(field: DecimalField[Any, Any]) -> Callable[[Model], str | None]:
    """A column that shows the field's number without the zeros that fill its column up; sorted by the field."""

    def column(obj: Model) -> str | None:
        number = getattr(obj, field.name)
        return (
            format_html('<span class="bo-money">{}</span>', f"{number.normalize():,f}") if number is not None else None
        )

    column.short_description = field.verbose_name  # type: ignore[attr-defined]
    column.admin_order_field = field.name  # type: ignore[attr-defined]
    column.__name__ = field.name
    return column


def newest_rows(model: type[Model]) -> QuerySet[Any]:
    """The newest `RECENT_ROWS` of a model: for what no index serves, such as an amount."""
    newest = model._default_manager.aggregate(newest=Max("pk"))["newest"] or 0
    return model._default_manager.filter(pk__gt=newest - RECENT_ROWS)


class BoundedChangeList(ChangeList):
    """Does without "n of total" in the title, for which a total would have to be counted."""

    def get_results(self, request: HttpRequest) -> None:
        """One page of rows and their bounded count."""
        super().get_results(request)
        self.full_result_count = self.result_count


class RecentChangeList(BoundedChangeList):
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


def ask_to_save(request: HttpRequest, model_admin: ModelAdmin, object_id: str | None) -> None:
    """Ask for a recent sign-in before a form for a new row is shown, and before any is saved."""
    may = model_admin.has_change_permission(request) if object_id else model_admin.has_add_permission(request)
    if may and (request.method == "POST" or not object_id):
        recent_sign_in.ask(request, keeps_what_was_sent="password1" not in request.POST)


def ask_to_delete(request: HttpRequest, model_admin: ModelAdmin) -> None:
    """The same before rows are deleted, on a page of their own or by the menu above the list."""
    is_asked = request.POST.get("action", "delete_selected") == "delete_selected"
    if is_asked and model_admin.has_delete_permission(request):
        recent_sign_in.ask(request)


class BackOfficeAdmin(RecordedAdmin):
    """The base of every page of the back office. Rows are kept: nothing is deleted unless a subclass says so."""

    paginator = CappedPaginator
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_filter_submit = True
    change_form_outer_before_template = "admin/row_panels.html"
    narrowing: ClassVar[tuple[str, ...]] = ()
    asks_recent_sign_in = False  # to add or change a row: where that moves money or decides who may do what

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list with a bounded count."""
        return BoundedChangeList

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns, with moments to the second in UTC."""
        return [self._as_read(column) for column in super().get_list_display(request)]

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """The fields; where nothing can be edited, with moments to the second in UTC."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [
            (title, {**options, "fields": [self._shown(line) for line in options["fields"]]})
            for title, options in fieldsets
        ]

    def _shown(self, line: Any) -> Any:
        if isinstance(line, (list, tuple)):
            return tuple(self._as_read(name) for name in line)
        return self._as_read(line)

    def _as_read(self, column: Any) -> Any:
        if not isinstance(column, str) or column not in {field.name for field in self.opts.fields}:
            return column
        field = self.opts.get_field(column)
        if type(field) is DecimalField:  # amounts have columns of their own
            return number_column(field)
        if isinstance(field, DateTimeField):
            return moment_column(field)
        return day_column(field) if isinstance(field, DateField) else column

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody: what money or calls refer to stays."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        """Save what was changed in the form and no other column, so that nothing that moved meanwhile is undone."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        columns = {field.name for field in self.opts.concrete_fields}
        if changed := [name for name in form.changed_data if name in columns]:
            obj.save(update_fields=changed)

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
        if self.asks_recent_sign_in:
            ask_to_save(request, self, object_id)
        context = dict(extra_context or {})
        if object_id and request.method == "GET":
            obj = self.get_object(request, object_id)
            if obj is not None and self.has_view_permission(request, obj):
                shown = [*self.panels(request, obj), *panels.registered(self.model, request, obj)]
                seen = [panel for panel in shown if panels.may_see(request, panel)]
                context["panels"] = sorted(seen, key=lambda panel: panel.rank)
        response: HttpResponse = super().changeform_view(request, object_id, form_url, context)
        return response

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with its menu."""
        if self.asks_recent_sign_in and request.method == "POST":
            ask_to_delete(request, self)
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The question, and the deed."""
        if self.asks_recent_sign_in:
            ask_to_delete(request, self)
        response: HttpResponse = super().delete_view(request, object_id, extra_context)
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
