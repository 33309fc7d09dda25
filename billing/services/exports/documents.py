"""documents.csv: what was issued within the period, with the movements that each document names and its file's hash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models.fields.json import KT

from billing.models import Document
from billing.services.exports.cells import escaped
from billing.services.exports.movements import documents_of_movements
from billing.services.exports.parts import Row, Scope, Table

NAME = "documents.csv"
HEADER = (
    *("document", "kind", "issuer", "buyer", "issued_on", "supplied_from", "supplied_until"),
    *("net", "tax", "total", "currency", "corrects", "movements", "pdf_sha256"),
)
BATCH = 500


def documents(scope: Scope) -> Table:
    """The file."""
    return Table(NAME, HEADER, _batches(scope))


def _batches(scope: Scope) -> Iterator[list[Row]]:
    numbers: dict[int, list[str]] = {}  # by id: two issuers may use one label
    for number, document_id, _label in documents_of_movements(scope):
        numbers.setdefault(document_id, []).append(str(number))
    rows = (
        Document.objects.filter(wallet_id=scope.wallet_id, issued_at__gte=scope.starts_at, issued_at__lt=scope.ends_at)
        .select_related("corrects", "file")
        .defer("file__pdf", "content", "corrects__content")
        .annotate(issuer_name=KT("content__issuer__name"), buyer_name=KT("content__buyer__name"))
        .order_by("id")
    )
    last_id = 0
    while batch := list(rows.filter(id__gt=last_id)[:BATCH]):
        yield [_row(each, numbers.get(each.pk, [])) for each in batch]
        last_id = batch[-1].pk


def _row(document: Any, numbers: list[str]) -> Row:
    """Issuer and buyer by the names that stand on the document, whatever they are called since."""
    days = (document.issued_on, document.supplied_from, document.supplied_until)
    amounts = (document.net, document.tax, document.total)
    return (
        *(escaped(document.label), document.kind, escaped(document.issuer_name), escaped(document.buyer_name)),
        *("" if day is None else day.isoformat() for day in days),
        *(f"{amount.amount:.6f}" for amount in amounts),
        *(document.currency, escaped(document.corrects.label) if document.corrects else "", " ".join(numbers)),
        document.file.sha256 if hasattr(document, "file") else "",
    )
