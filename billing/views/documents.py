"""Documents: receipts, invoices, completion certificates and credit notes, each with its PDF; all of them as one ZIP.

Every member of the account may see them. Invoices that are to be paid stand above the list, with the way to pay.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from djmoney.money import Money

from billing.models import Document, DocumentKind
from billing.selectors.documents import (
    DocumentFilter,
    DocumentRow,
    counted,
    document_stream,
    facets_of,
    open_invoices,
)
from billing.selectors.keyset import Page, read_page
from billing.templatetags.moments import day_span
from billing.templatetags.money import micro_width
from billing.views.document_words import KINDS, note_of, status_of, title_of
from billing.views.filters import Choice, read_choice, read_cursor
from billing.views.shell import Frame, render_page
from organizations.tenancy import Tenant, tenant_page

PAGE_SIZE = 25
ZIP_AT_MOST = 500
STATUSES = ("to_pay", "overdue", "paid")


class DocumentQuery:
    """The page's GET parameters, read."""

    def __init__(self, params: QueryDict, frame: Frame) -> None:
        facets = facets_of(frame.wallet.pk)
        self.has_any = bool(facets.kinds)
        self.kind: Choice = read_choice(params, "kind", _("Kind"), [("", _("All kinds")), *KINDS]).among(facets.kinds)
        buyers = [(str(pk), name) for pk, name in facets.organizations]
        organizations = buyers if len(buyers) + facets.has_own > 1 else []
        self.organization: Choice = read_choice(
            params, "organization", _("Organization"), [("", _("All organizations")), *organizations]
        )
        years = [(str(year), str(year)) for year in facets.years]
        self.year: Choice = read_choice(params, "year", _("Year"), [("", _("All years")), *years]).among(dict(years))
        labels = dict(zip(STATUSES, (_("To pay"), _("Overdue"), _("Paid")), strict=True))
        self.status: Choice = read_choice(params, "status", _("Status"), [("", _("Any status")), *labels.items()])
        self.filter = DocumentFilter(
            wallet_id=frame.wallet.pk,
            kind=self.kind.value,
            organization_id=int(self.organization.value or 0) or None,
            year=int(self.year.value or 0) or None,
            status=self.status.value,
        )

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out that the reader could bring back."""
        return any(choice.is_set for choice in (self.kind, self.organization, self.year, self.status))


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document as the list shows it; what goes back to the customer is negative."""

    document: Document
    title: str
    note: str
    status: str
    tone: str

    @property
    def total(self) -> Money:
        """The document's total."""
        total: Money = self.document.total
        return -total if self.document.kind == DocumentKind.CREDIT_NOTE else total


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice that is to be paid, what is still to come of it, and the page that says how."""

    line: DocumentLine
    row: DocumentRow
    pay_href: str
    stops_calls: bool
    """Whether no new call starts because it is overdue."""


@require_safe
@tenant_page
def documents(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """A page of documents."""
    frame = Frame(request, tenant)
    query = DocumentQuery(request.GET, frame)
    page: Page[DocumentRow] = read_page(
        document_stream(query.filter),
        size=PAGE_SIZE,
        before=read_cursor(request.GET, "before"),
        after=read_cursor(request.GET, "after"),
    )
    lines = [line_of(frame, row) for row in page.rows]
    context: dict[str, Any] = {
        "query": query,
        "lines": lines,
        "page": Page(page.rows, page.older, page.newer, page.size, _days(page.rows)),
        "micro": micro_width(line.total.amount for line in lines),
        "issuer": frame.product_terms.issuer,
        "invoices": invoices_of(frame),
        "zip_at_most": ZIP_AT_MOST,
        "is_zip_cut": counted(query.filter, at_most=ZIP_AT_MOST + 1) > ZIP_AT_MOST,
        "is_paged": "before" in request.GET or "after" in request.GET,
    }
    return render_page(request, frame, "billing/documents.html", context, current="documents")


def line_of(frame: Frame, row: DocumentRow) -> DocumentLine:
    """A document in words."""
    status, tone = status_of(row, today=frame.today, zone=frame.zone)
    return DocumentLine(row.document, title_of(row.document), note_of(row), status, tone)


def invoices_of(frame: Frame) -> list[Invoice]:
    """What is to be paid by invoice, the one due first before the others."""
    return [
        Invoice(
            line_of(frame, row),
            row,
            reverse("invoice_pay", args=[row.document.period.reference]),
            stops_calls=frame.wallet.is_overdue and _has_come(row.document.period.blocks_on, frame.today),
        )
        for row in open_invoices(frame.wallet.pk)
        if row.document.period is not None
    ]


def _has_come(day: date | None, today: date) -> bool:
    return day is not None and day <= today


def _days(rows: list[DocumentRow]) -> str:
    """The days a page covers, oldest first."""
    days = sorted(row.document.issued_on for row in rows)
    return day_span(days[0], days[-1], year=True) if days else ""
