"""The PDF of a document: made once from its snapshot, stored with its SHA-256, the same bytes at every download.

Two workers may render at once; the insert decides whose bytes stay, both get those, and one tells of it.
"""

from __future__ import annotations

import hashlib

from django.db import transaction
from django.utils import timezone

from billing.documents.content import from_json
from billing.models import Document, DocumentFile
from billing.services.documents.news import tell_ready


def render_document(*, document_id: int) -> DocumentFile:
    """The document's file, made where it has none. Raises what the renderer does."""
    return pdf_of(Document.objects.get(pk=document_id))


def pdf_of(document: Document) -> DocumentFile:
    """The stored file, made now where no worker has yet. Outside the issuing transaction.

    Raises whatever the renderer does for a snapshot that it cannot draw.
    """
    stored = DocumentFile.objects.filter(document=document).first()
    return stored or _store(document, _render(document))


def _render(document: Document) -> bytes:
    from billing.documents.pdf import render  # fonts and drawing are loaded by those who draw

    return render(from_json(document.content))


def _store(document: Document, pdf: bytes) -> DocumentFile:
    made = DocumentFile(
        document=document,
        pdf=pdf,
        sha256=hashlib.sha256(pdf).hexdigest(),
        size=len(pdf),
        created_at=timezone.now(),
    )
    with transaction.atomic():
        DocumentFile.objects.bulk_create([made], ignore_conflicts=True)
        tell_ready(document)
    return DocumentFile.objects.get(document=document)
