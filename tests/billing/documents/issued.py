"""Issuers, drafts and documents for tests; the renderer is a stand-in where pages are not what is asked about."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.documents.content import Line
from billing.models import Document, DocumentKind, Issuer, Wallet
from billing.services.documents import Draft, issue

_numbers = itertools.count(1)
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def make_issuer(**fields: Any) -> Issuer:
    """A legal entity in New York."""
    known = {"slug": f"issuer-{next(_numbers)}", "name": "Voice Inc.", "country": "US", "region": "NY"}
    return Issuer.objects.create(**{**known, "registered_office": "1 Broadway\nNew York", **fields})


def draft(wallet: Wallet, issuer: Issuer, key: str, **fields: Any) -> Draft:
    """A receipt for a dollar."""
    known: dict[str, Any] = {
        "kind": DocumentKind.RECEIPT,
        "currency": "USD",
        "organization": None,
        "lines": (Line("Top-up", Decimal(1)),),
        "at": NOON,
    }
    return Draft(wallet=wallet, issuer=issuer, key=key, **{**known, **fields})


def issue_one(wallet: Wallet, issuer: Issuer, key: str, **fields: Any) -> Document:
    """The draft, issued in a transaction of its own."""
    with transaction.atomic():
        return issue(draft(wallet, issuer, key, **fields))
