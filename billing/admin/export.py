"""Audit exports for staff: ask for one of any account, watch it, download it; every download is in the history."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSingleDateWidget

from billing.models import AuditExport, ExportStatus, Wallet
from billing.services.exports import asking, files
from billing.views.audit_export_form import presets
from organizations.admin import actions
from organizations.admin.amounts import amount_html
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel
from organizations.models import User


class ExportForm(actions.ActionForm):
    """Whose, and which days."""

    wallet: forms.ModelChoiceField[Wallet] = forms.ModelChoiceField(
        label="Account",
        queryset=Wallet.objects.select_related("account__product"),
        widget=AutocompleteSelect(AuditExport._meta.get_field("wallet"), admin.site),
    )
    first_day = forms.DateField(label="First day", widget=UnfoldAdminSingleDateWidget)
    last_day = forms.DateField(
        label="Last day", widget=UnfoldAdminSingleDateWidget, help_text="Included, in the account's timezone."
    )
    field_order = ("wallet", "first_day", "last_day", "token")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        month = presets(timezone.now().date())[0]
        self.fields["first_day"].initial, self.fields["last_day"].initial = month.first, month.last


@admin.register(AuditExport)
class AuditExportAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Exports of all accounts."""

    list_display = ("wallet", "first_day", "last_day", "shown_status", "rows", "shown_size", "requested_by", "made_at")
    list_display_links = ("wallet", "first_day", "last_day")
    list_select_related = ("wallet__account__product", "requested_by")
    list_filter = (("status", ChoicesDropdownFilter), ("wallet", AutocompleteSelectFilter))
    date_hierarchy = "requested_at"
    search_fields = ("wallet__account__name", "wallet__account__external_id", "reference")
    search_help_text = "Account, or the export's reference"
    ordering = ("-id",)
    actions_list = ("ask",)
    actions_detail = ("download",)
    fields = (
        ("wallet", "timezone"),
        ("first_day", "last_day"),
        ("requested_by", "requested_at", "reference"),
        ("shown_status", "attempt", "leased_until"),
        ("rows", "rows_expected"),
        ("finished_at", "expires_at", "shown_size"),
        ("key", "sha256"),
        "error",
    )
    readonly_fields = ("shown_status", "shown_size")

    @display(
        description="status",
        ordering="status",
        label={"Waiting": "info", "Being made": "info", "Ready": "success", "Failed": "danger"},
    )
    def shown_status(self, obj: AuditExport) -> str:
        """Where it stands."""
        return str(obj.get_status_display())

    @display(description="finished (UTC)", ordering="finished_at")
    def made_at(self, obj: AuditExport) -> str:
        """When it was ready, or given up."""
        return f"{obj.finished_at:%Y-%m-%d %H:%M:%S}" if obj.finished_at else ""

    @display(description="archive", ordering="size")
    def shown_size(self, obj: AuditExport) -> str:
        """Its size, while it is kept."""
        if obj.path:
            return str(filesizeformat(obj.size))
        return "removed" if obj.status == ExportStatus.READY else ""

    def panels(self, request: HttpRequest, obj: AuditExport) -> list[Panel]:
        """What it says of itself."""
        said = obj.manifest
        if not said:
            return []
        names = ("opening", "credit", "debit", "closing")
        sums = [(name.capitalize(), amount_html(Decimal(said[name]), said["currency"])) for name in names]
        contents = [(file["name"], file["rows"], file["sha256"]) for file in said["files"]]
        columns = (Column("File"), Column("Rows", is_number=True), Column("SHA-256"))
        return [
            Panel("Sums", (Column("What"), Column("Amount", is_number=True)), sums),
            Panel("Files", columns, contents, is_wide=True),
        ]

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """A download, while there is something to download."""
        if AuditExport.objects.filter(pk=object_id).exclude(path="").exists():
            found: list[Any] = super().get_actions_detail(request, object_id)
            return found
        return []

    @action(description="Download", permissions=["act"], icon="download", variant=ActionVariant.PRIMARY)
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse | FileResponse:
        """The archive; who took it is written down."""
        export = self.get_object(request, object_id)
        if export is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        try:
            archive = files.open_archive(export)
        except (files.NotKeptError, FileNotFoundError):
            return HttpResponseRedirect(actions.page_url(self, export))
        self.log_change(request, export, "Downloaded.")
        return FileResponse(archive, as_attachment=True, filename=files.archive_name(export))

    @action(description="Make an export", permissions=["act"], icon="add", variant=ActionVariant.PRIMARY)
    def ask(self, request: HttpRequest) -> HttpResponse:
        """Have one made for an account."""

        def perform(form: ExportForm) -> str:
            export = asking.ask(
                wallet_id=form.cleaned_data["wallet"].pk,
                first_day=form.cleaned_data["first_day"],
                last_day=form.cleaned_data["last_day"],
                user_id=cast(User, request.user).pk,
                is_staff=True,
            )
            self.log_change(request, export, "Asked for.")
            return "A worker makes it. It stands in this list, and on the customer's page."

        return actions.run(
            request,
            self,
            None,
            actions.Action(
                title="Make an audit export",
                intro="Every movement and charge of the days, signed. The account's owners and billing members can "
                "download it, too, and get a letter when it is ready.",
                verb="Make the export",
                question="Make this export?",
                explain=_explain,
                perform=perform,
                form=ExportForm,
                refusals=(ValidationError, asking.ExportRefusedError),
            ),
        )


def _explain(form: ExportForm) -> list[tuple[str, Any]]:
    days: tuple[date, date] = (form.cleaned_data["first_day"], form.cleaned_data["last_day"])
    return [("Account", form.cleaned_data["wallet"].account), ("Days", f"{days[0]} to {days[1]}")]
