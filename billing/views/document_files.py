"""The PDF of a document, and all documents that match as one ZIP, streamed: a file of any length takes little memory.

A PDF is stored once and always the same bytes, so its SHA-256 is its entity tag. One that no worker has made yet is
made now; where that fails, the page says that it is being made, and the worker tries again.
"""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Iterator
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.models import Document, DocumentFile
from billing.selectors.documents import matching
from billing.services.documents.files import pdf_of
from billing.views.documents import ZIP_AT_MOST, DocumentQuery
from billing.views.shell import Frame, render_page
from organizations.tenancy import Tenant, tenant_page

RETRY_SECONDS = 15
CHUNK = 10  # files in memory at a time

log = logging.getLogger(__name__)


@require_safe
@tenant_page
def document_pdf(request: HttpRequest, tenant: Tenant, reference: UUID) -> HttpResponse:
    """The PDF, shown by the browser; saved with `?download=1`. Raises Http404 for another account's."""
    document = tenant.one(Document, reference=reference)
    file = _file_of(document)
    if file is None:
        context = {"document": document}
        frame = Frame(request, tenant)
        being_made = render_page(
            request, frame, "billing/documents/being_made.html", context, current="documents", status=503
        )
        being_made["Retry-After"] = str(RETRY_SECONDS)
        return being_made
    return pdf_response(request, document, file, as_attachment="download" in request.GET)


@require_safe
@tenant_page
def documents_zip(request: HttpRequest, tenant: Tenant) -> StreamingHttpResponse:
    """The PDFs of the documents that the page's filters let through, the newest `ZIP_AT_MOST` of them."""
    frame = Frame(request, tenant)
    wanted = DocumentQuery(request.GET, frame).filter
    ids = list(matching(wanted).values_list("pk", flat=True)[:ZIP_AT_MOST])
    response = StreamingHttpResponse(_zipped(ids), content_type="application/zip")
    name = f"documents-{frame.today:%Y-%m-%d}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def pdf_response(
    request: HttpRequest, document: Document, file: DocumentFile, *, as_attachment: bool = False
) -> HttpResponse:
    """The file as an answer, or 304 to a reader who has it. No cache in between keeps it."""
    etag = quote_etag(file.sha256)
    response = HttpResponse(bytes(file.pdf), content_type="application/pdf")
    response["Content-Disposition"] = str(content_disposition_header(as_attachment, f"{document.label}.pdf"))
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response) or response


def _file_of(document: Document) -> DocumentFile | None:
    """The document's file; None where it cannot be made just now, which is told to those who watch the log."""
    try:
        return pdf_of(document)
    except Exception:  # whatever a renderer stumbles over is not the reader's fault
        log.exception("Document %s could not be made", document.label)
        return None


class _Sink(io.RawIOBase):
    """What a ZIP writer writes to; `take` hands over what has come since. It cannot seek, so the writer does not."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """It is written to only."""
        return True

    def write(self, data: object) -> int:
        """Keep the bytes until they are taken."""
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        """The bytes that have come since the last time."""
        taken, self._parts = b"".join(self._parts), []
        return taken


def _zipped(ids: list[int]) -> Iterator[bytes]:
    """The ZIP, document by document; what could not be made is named in a text of its own."""
    sink, names, missing = _Sink(), set[str](), list[str]()
    with zipfile.ZipFile(sink, "w") as archive:
        rows = Document.objects.filter(pk__in=ids).order_by("-pk").select_related("issuer", "file")
        for document in rows.iterator(chunk_size=CHUNK):
            file = getattr(document, "file", None) or _file_of(document)
            if file is None:
                missing.append(document.label)
                continue
            name = document.label if document.label not in names else f"{document.label} ({document.issuer.slug})"
            names.add(name)
            archive.writestr(_entry(document, f"{name}.pdf"), bytes(file.pdf))
            yield sink.take()
        if missing:
            words = _("These documents are still being made. Download them again later.")
            archive.writestr("README.txt", "\n".join([words, *missing, ""]))
    yield sink.take()


def _entry(document: Document, name: str) -> zipfile.ZipInfo:
    """An entry of the day on which the document was issued; PDFs are compressed already."""
    at = document.issued_at.astimezone(ZoneInfo(document.issuer.timezone))
    entry = zipfile.ZipInfo(name, at.timetuple()[:6])
    entry.external_attr = 0o644 << 16
    return entry
