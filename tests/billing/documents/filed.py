"""Documents with a file, as a worker stores it; what is in the file is the test's to say."""

from __future__ import annotations

import hashlib

from billing.models import Document, DocumentFile


def filed(document: Document, pdf: bytes = b"%PDF-1.7 a file") -> Document:
    """The document, with these bytes for its PDF."""
    digest = hashlib.sha256(pdf).hexdigest()
    DocumentFile.objects.create(document=document, pdf=pdf, sha256=digest, size=len(pdf), created_at=document.issued_at)
    return document
