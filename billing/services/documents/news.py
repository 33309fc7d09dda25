"""Telling of a document when its PDF is stored: one letter of it, with the PDF, and none beside another letter.

Members are told of top-ups, refunds and disputes by letters of their own; what documents those, only the organization's
address for documents gets. Everything else goes to the members who pay, too.
"""

from __future__ import annotations

from billing.models import Document, DocumentFile, DocumentKind
from notifications.models import Audience, Event, Notice
from notifications.services.notices import Told, tell


def tell_ready(document: Document, *, again: str = "") -> None:
    """Put the notice into the outbox, in the caller's transaction; once, unless `again` names another time."""
    address = document.organization.email if document.organization else ""
    is_told_otherwise = document.kind == DocumentKind.RECEIPT or document.refund_id or document.dispute_id
    if is_told_otherwise and not again and not address:
        return
    tell(
        Told(
            document.wallet.account_id,
            Event.DOCUMENT_READY,
            f"document:{document.pk}:ready{again and f':{again}'}",
            subject=f"document:{document.pk}",
            facts={
                "kind": document.kind,
                "number": document.label,
                "reference": str(document.reference),
                "total": f"{document.total.amount:f}",
                "currency": str(document.currency),
                "due_on": document.content["due_on"] or "",
                "address": address,
            },
            audience=Audience.ADDRESS if is_told_otherwise and not again else Audience.PEOPLE,
        )
    )


def attachments_of(notice: Notice) -> list[tuple[str, bytes, str]]:
    """The PDF that a letter of this notice carries: name, bytes and type."""
    file = DocumentFile.objects.select_related("document").get(
        document__reference=notice.facts["reference"], document__wallet__account=notice.account_id
    )
    return [(f"{file.document.label}.pdf", bytes(file.pdf), "application/pdf")]
