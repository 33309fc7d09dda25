"""Documents in words: what each is, and how it stands."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from billing.models import Document, DocumentKind, TopUpOrigin
from billing.selectors.documents import DocumentRow, Standing
from billing.templatetags.moments import day_short, day_span, day_year, local, month_name
from billing.templatetags.money import money_text
from billing.templatetags.stored import said

KINDS = [
    (DocumentKind.INVOICE.value, lazy("Invoice")),
    (DocumentKind.RECEIPT.value, lazy("Receipt")),
    (DocumentKind.PROFORMA.value, lazy("Invoice for a top-up")),
    (DocumentKind.CERTIFICATE.value, lazy("Completion certificate")),
    (DocumentKind.CREDIT_NOTE.value, lazy("Credit note")),
]
STANDINGS = {
    Standing.PAID: (lazy("Paid"), "good"),
    Standing.OVERDUE: (lazy("Overdue"), "bad"),
    Standing.WAITING: (lazy("Waiting for payment"), "warn"),
    Standing.CLOSED: (lazy("Closed"), "plain"),
    Standing.UNPAID: (lazy("Unpaid"), "bad"),
    Standing.APPLIED: (lazy("Applied"), "good"),
    Standing.ISSUED: (lazy("Issued"), "good"),
    Standing.DUE: (lazy("To pay"), "warn"),
}


def title_of(document: Document) -> str:
    """What a document is: "Invoice, February 2026"."""
    if document.kind == DocumentKind.RECEIPT:
        return _receipt(document)
    if document.kind == DocumentKind.PROFORMA:
        return _("Invoice for a top-up")
    if document.kind == DocumentKind.CREDIT_NOTE and document.corrects is not None:
        return _("Credit note to %(number)s") % {"number": document.corrects.label}
    if document.kind == DocumentKind.CREDIT_NOTE:
        return _("Credit note")
    words = {"period": supplied_words(document)}
    if document.kind == DocumentKind.CERTIFICATE:
        return _("Completion certificate, %(period)s") % words
    return _("Invoice, %(period)s") % words


def supplied_words(document: Document) -> str:
    """The period that a document is about: a month by its name, other days as such; the day of issue where none is."""
    first, last = document.supplied_from, document.supplied_until
    if first is None or last is None:
        return day_year(document.issued_on)
    is_month = (
        first.day == 1
        and (last + timedelta(days=1)).day == 1
        and (first.year, first.month)
        == (
            last.year,
            last.month,
        )
    )
    return month_name(first) if is_month else day_span(first, last, year=True)


def note_of(row: DocumentRow) -> str:
    """What is to be added in small print: why a credit note was issued, what is still to pay of a part payment."""
    document = row.document
    if row.is_part_paid:
        return _("%(open)s still to pay") % {"open": money_text(row.still_open, document.currency)}
    return said(row.reason) if document.kind == DocumentKind.CREDIT_NOTE else ""


def status_of(row: DocumentRow, *, today: date, zone: ZoneInfo) -> tuple[str, str]:
    """How a document stands, and its tone: "Due Mar 31", warn."""
    label, tone = STANDINGS[row.standing]
    if row.standing == Standing.DUE and row.due_on is not None:
        return _("Due %(day)s") % {"day": _day(row.due_on, today)}, tone
    if row.paid_at is not None:
        return _("Paid %(day)s") % {"day": _day(local(row.paid_at, zone).date(), today)}, tone
    return str(label), tone


def _receipt(document: Document) -> str:
    payment = document.payment
    if payment is None:
        return _("Receipt")
    if payment.subscription_id is not None:
        return _("Receipt, subscription")
    if payment.top_up is None:
        return _("Receipt, payment of an invoice")
    is_automatic = payment.top_up.origin == TopUpOrigin.AUTO
    return _("Receipt, automatic top-up") if is_automatic else _("Receipt, top-up")


def _day(day: date, today: date) -> str:
    return day_short(day) if day.year == today.year else day_year(day)
