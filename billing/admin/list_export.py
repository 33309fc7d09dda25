"""Lists as a file: what search and filters leave, as CSV or XLSX, for those who may take customers' data away.

Amounts are exact, each beside its currency; moments are in UTC; texts are no formulas. At most `ROWS_MAX` rows, in the
list's order. Who took which list stands in the history.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from djmoney.money import Money
from import_export.admin import ExportMixin
from import_export.fields import Field
from import_export.formats.base_formats import CSV, XLSX
from import_export.resources import ModelResource, modelresource_factory
from import_export.widgets import Widget
from tablib import Dataset
from unfold.contrib.import_export.forms import ExportForm

from billing.admin.reports.files import cell
from organizations.models import User

ROWS_MAX = 50_000


class Exact(Widget):
    """A value as it is, for the file's format to write."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        """An amount as a Decimal, a moment in UTC, anything else as text."""
        if isinstance(value, Money):
            return value.amount
        if isinstance(value, datetime):
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        if isinstance(value, bool):
            return "yes" if value else "no"
        return value if value is None or isinstance(value, int) else str(value)


class GuardedCSV(CSV):
    """CSV without formulas."""

    def export_data(self, dataset: Dataset, **kwargs: Any) -> str:
        """The rows, every digit of them."""
        return str(super().export_data(_guarded(dataset, "csv"), **kwargs))


class GuardedXLSX(XLSX):
    """A spreadsheet without formulas."""

    def export_data(self, dataset: Dataset, **kwargs: Any) -> Any:
        """The rows, amounts as numbers."""
        return super().export_data(_guarded(dataset, "xlsx"), **kwargs)


class ListExport(ExportMixin):
    """For a model's admin: `export_columns` are the file's heads and the attributes that they show."""

    export_columns: ClassVar[Mapping[str, str]] = {}
    export_related: ClassVar[tuple[str, ...]] = ()
    export_form_class = ExportForm
    export_formats: ClassVar[list[type[Any]]] = [GuardedCSV, GuardedXLSX]

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Who may see the list and take lists away."""
        return bool(self.has_view_permission(request) and request.user.has_perm("billing.export_lists"))

    def get_resource_classes(self, request: HttpRequest) -> list[type[ModelResource]]:
        """The one resource: these columns and no others."""
        fields = {
            name: Field(attribute=attribute, column_name=name, readonly=True, widget=Exact())
            for name, attribute in self.export_columns.items()
        }
        return [modelresource_factory(self.model, meta_options={"fields": list(fields)}, custom_fields=fields)]

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What the list shows, and no more than a file takes."""
        found: QuerySet[Any] = super().get_export_queryset(request)
        return found.select_related(*self.export_related)[:ROWS_MAX] if self.export_related else found[:ROWS_MAX]

    def get_export_filename(self, request: HttpRequest, queryset: QuerySet[Any], file_format: Any) -> str:
        """payments-2026-03-20.csv"""
        name = str(self.opts.verbose_name_plural).replace(" ", "-")
        return f"{name}-{datetime.now(UTC):%Y-%m-%d}.{file_format.get_extension()}"

    def _do_file_export(self, file_format: Any, request: HttpRequest, queryset: Any, export_form: Any = None) -> Any:
        response: HttpResponse = super()._do_file_export(file_format, request, queryset, export_form)
        response["Cache-Control"] = "no-store"
        LogEntry.objects.create(
            user_id=cast(User, request.user).pk,
            content_type=ContentType.objects.get_for_model(self.model),
            object_repr=str(self.opts.verbose_name_plural).capitalize()[:200],
            action_flag=CHANGE,
            change_message=f"Downloaded the list as {file_format.get_extension()}: {request.GET.urlencode() or 'all'}",
        )
        return response


def _guarded(dataset: Dataset, extension: str) -> Dataset:
    """The same rows with cells that no spreadsheet runs."""
    guarded = Dataset(headers=dataset.headers)
    for row in dataset:
        guarded.append([cell(value, extension) for value in row])
    return guarded
