"""The page of a report: what is asked for, the answer as tables, and the same as CSV or XLSX.

A report is a GET: its address can be kept and sent to a colleague. Who may see it may take its file, which has every
row that the page would have to leave out.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import reverse
from django.views.generic import TemplateView
from unfold.views import UnfoldModelAdminViewMixin
from unfold.widgets import UnfoldAdminSelectWidget

from billing.admin.reports import charts, files
from billing.admin.reports.table import Report, TooManyRowsError, panel
from billing.models import Wallet
from organizations.admin.choosing import RowSelect
from organizations.models import Account, Product


class ReportForm(forms.Form):
    """What every report can be narrowed to. `initial` of a field holds until another value is chosen."""

    product = forms.ModelChoiceField(
        queryset=Product.objects.order_by("name"),
        required=False,
        empty_label="All products",
        widget=UnfoldAdminSelectWidget,
    )

    @property
    def name_parts(self) -> list[str]:
        """What the file is of, for its name."""
        product = self.cleaned_data.get("product")
        return [product.slug] if product else []


class AccountReportForm(ReportForm):
    """A report that can be had of one account."""

    account = forms.ModelChoiceField(
        queryset=Account.objects.select_related("product"),
        required=False,
        widget=RowSelect(Wallet._meta.get_field("account"), admin.site),
    )

    def clean(self) -> dict[str, Any]:
        """An account of another product would give an empty report, which says nothing."""
        data = super().clean() or self.cleaned_data
        product, account = data.get("product"), data.get("account")
        if product and account and account.product_id != product.pk:
            self.add_error("account", f"This account is a customer of {account.product}, not of {product}.")
        return data

    @property
    def name_parts(self) -> list[str]:
        """With the account's identifier."""
        account = self.cleaned_data.get("account")
        return [*super().name_parts, *([account.external_id] if account else [])]


class ReportView(UnfoldModelAdminViewMixin, TemplateView):
    """One report. A subclass names it, gives its form and builds the answer."""

    permission_required: str | tuple[str, ...] = "billing.view_reports"
    raise_exception = True
    template_name = "admin/reports/report.html"
    title = ""
    intro = ""
    form_class: type[ReportForm] = ReportForm

    def build(self, form: Any) -> Report:
        """The answer. Raises TooManyRowsError."""
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page, or the file with the `format` that is asked for."""
        form = self._form(request)
        report = None
        if form.is_valid():
            try:
                report = self.build(form)
            except TooManyRowsError as refusal:
                form.add_error(None, str(refusal))
        extension = request.GET.get("format", "")
        if extension in files.FORMATS:
            if report is None:
                words = " ".join(str(error) for errors in form.errors.values() for error in errors)
                return HttpResponseBadRequest(words, content_type="text/plain; charset=utf-8")
            return files.download(report, extension, name="-".join([report.name, *form.name_parts]))
        return self.render_to_response(self.get_context_data(form=form, report=report))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form, the panels and the addresses of the files."""
        context = super().get_context_data(**kwargs)
        report = context["report"]
        if report is not None:
            context["panels"] = [panel(table) for table in report.tables]
            asked = self.request.GET.copy()
            context["files"] = []
            for extension in files.FORMATS:
                asked["format"] = extension
                context["files"].append((extension.upper(), f"?{asked.urlencode()}"))
        context |= {"intro": self.intro, "chart_options": charts.OPTIONS}
        context["is_asked"] = bool(self.request.GET)
        return context

    def _form(self, request: HttpRequest) -> ReportForm:
        """Bound to what was asked for, and to what holds by itself."""
        fields = self.form_class.base_fields
        asked = request.GET.copy()
        for name, known in fields.items():
            if name not in asked and known.initial is not None:
                value = known.initial() if callable(known.initial) else known.initial
                asked[name] = str(value)
        return self.form_class(asked)


def row_url(model: type[Model], pk: int) -> str:
    """The address of a row's page: a report leads to thousands of them."""
    before, _key, after = _any_row(model)
    return f"{before}{pk}{after}"


@cache
def _any_row(model: type[Model]) -> tuple[str, str, str]:
    name = f"{admin.site.name}:{model._meta.app_label}_{model._meta.model_name}_change"
    return reverse(name, args=[0]).rpartition("0")
