"""Audit export: choose the days, watch it being made, download it signed, and how to verify it.

aitelier.md, 'Receipts and audit': "we provide a signed CSV for the period requested". Owners and billing members only:
it holds everything that the account ever paid and used.
"""

from __future__ import annotations

import mimetypes
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from billing.models import AuditExport, ExportStatus, SigningKey
from billing.models.export import UNFINISHED
from billing.services.exports import asking, files
from billing.services.exports.addresses import key_url
from billing.services.exports.archive import MANIFEST, SIGNATURE
from billing.views.audit_export_form import ExportForm, presets, read_form
from billing.views.payment_pages import SeeOther
from billing.views.roles import require_payer
from billing.views.shell import Frame, render_page
from organizations.tenancy import Tenant, tenant_page

SHOWN = 20
STATUSES = {
    ExportStatus.REQUESTED: "quiet",
    ExportStatus.RUNNING: "live",
    ExportStatus.READY: "good",
    ExportStatus.FAILED: "bad",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One export of the list. `done` is in per cent, while it is made; `archive` is all of it, `names` each file with
    its signature."""

    export: AuditExport
    label: str
    tone: str
    done: int | None
    names: list[tuple[str, str]]
    archive: str


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def audit_export(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The page; POST asks for an export."""
    require_payer(tenant)
    frame = Frame(request, tenant)
    if request.method == "POST":
        return _ask(request, frame)
    return _show(request, frame, read_form(request.GET, frame.today))


@require_safe
@tenant_page
def audit_export_file(
    request: HttpRequest, tenant: Tenant, reference: UUID, name: str
) -> FileResponse | StreamingHttpResponse:
    """The whole archive, or one file out of it. Raises Http404 for what is not the account's or is no longer kept."""
    export = tenant.one(AuditExport, reference=reference)
    require_payer(tenant)
    return download(export, name)


def download(export: AuditExport, name: str) -> FileResponse | StreamingHttpResponse:
    """The archive under its own name, or one of its files, as it was signed. Raises Http404."""
    try:
        response = _response(export, name)
    except (files.NotKeptError, FileNotFoundError, KeyError, zipfile.BadZipFile):
        raise Http404 from None
    response["Cache-Control"] = "private, no-store"
    return response


def _response(export: AuditExport, name: str) -> FileResponse | StreamingHttpResponse:
    if name == files.archive_name(export):
        return FileResponse(files.open_archive(export), as_attachment=True, filename=name)
    response = StreamingHttpResponse(
        files.read_member(export, name), content_type=mimetypes.guess_type(name)[0] or "application/octet-stream"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _ask(request: HttpRequest, frame: Frame) -> HttpResponse:
    form = read_form(request.POST, frame.today)
    if form.first is None or form.last is None:
        return _show(request, frame, form, status=422)
    try:
        asking.ask(wallet_id=frame.wallet.pk, first_day=form.first, last_day=form.last, user_id=frame.tenant.user.pk)
    except asking.ExportRefusedError as refusal:
        form.errors["to"] = str(refusal)
        return _show(request, frame, form, status=422)
    messages.success(request, _("The export is being made. You get a letter when it is ready."))
    return SeeOther(reverse("audit_export"))


def _show(request: HttpRequest, frame: Frame, form: ExportForm, *, status: int = 200) -> HttpResponse:
    exports = list(frame.tenant.rows(AuditExport).select_related("key", "requested_by").order_by("-id")[:SHOWN])
    key = SigningKey.objects.filter(retired_at__isnull=True).first()
    context: dict[str, Any] = {
        "form": form,
        "presets": presets(frame.today),
        "lines": [_line(each) for each in exports],
        "is_waiting": any(each.is_unfinished for each in exports),
        "key": key,
        "key_url": key_url(key) if key else "",
    }
    return render_page(request, frame, "billing/audit_export.html", context, current="audit_export", status=status)


def _line(export: AuditExport) -> Line:
    done = None
    if export.status in UNFINISHED:
        done = min(99, export.rows * 100 // export.rows_expected) if export.rows_expected else 0
    return Line(
        export,
        _label(export),
        STATUSES[ExportStatus(export.status)],
        done,
        list(_names(export)),
        files.archive_name(export),
    )


def _label(export: AuditExport) -> str:
    if export.status == ExportStatus.READY and not export.path:
        return pgettext("state of an export", "Removed")
    return {
        ExportStatus.REQUESTED: pgettext("state of an export", "Waiting"),
        ExportStatus.RUNNING: pgettext("state of an export", "Being made"),
        ExportStatus.READY: pgettext("state of an export", "Ready"),
        ExportStatus.FAILED: pgettext("state of an export", "Failed"),
    }[ExportStatus(export.status)]


def _names(export: AuditExport) -> Iterator[tuple[str, str]]:
    """The files, each with its signature; none where the archive is not there."""
    if export.path:
        for name in (*[file["name"] for file in export.manifest["files"]], MANIFEST):
            yield name, f"{name}{SIGNATURE}"
