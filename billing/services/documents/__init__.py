"""The life of documents: what calls for one, its number, the snapshot that freezes it, its PDF and who is told.

A document is issued once for its cause, by its key, and never changed; whatever a worker missed a sweep finds. None is
ever issued inside the transaction that moves the money: a document that cannot be made keeps no money out. Only the
period's invoice is closed together with its period (`billing.services.postpay`).
"""

from __future__ import annotations

from billing.services.documents.draft import Draft
from billing.services.documents.issuing import issue

__all__ = ["Draft", "issue"]
