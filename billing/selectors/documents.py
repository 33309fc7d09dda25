"""An account's documents as its pages list them: what was issued, how each stands today, newest first, paged by key.

Whether a document is paid is no part of it (`billing.models.document`): an invoice stands as its period does, an
invoice for a top-up as its top-up, and a receipt is paid from the start.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from django.db.models import DecimalField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.fields.json import KeyTextTransform

from billing.models import Document, DocumentKind, Payment, PeriodStatus, TopUpStatus
from billing.models.top_up import IN_FLIGHT
from billing.selectors.keyset import Bound, Stream


class Standing(StrEnum):
    """How a document stands."""

    PAID = "paid"
    DUE = "due"
    OVERDUE = "overdue"
    WAITING = "waiting"  # for the bank transfer that it invoices
    CLOSED = "closed"  # nobody has to pay it any more
    UNPAID = "unpaid"  # given up
    APPLIED = "applied"
    ISSUED = "issued"


OF_PERIOD = {
    PeriodStatus.OPEN: Standing.DUE,
    PeriodStatus.OVERDUE: Standing.OVERDUE,
    PeriodStatus.PAID: Standing.PAID,
    PeriodStatus.UNCOLLECTIBLE: Standing.UNPAID,
    PeriodStatus.VOID: Standing.CLOSED,
}
OF_KIND = {
    DocumentKind.RECEIPT: Standing.PAID,
    DocumentKind.CERTIFICATE: Standing.ISSUED,
    DocumentKind.CREDIT_NOTE: Standing.APPLIED,
}
OPEN_INVOICES = Q(kind=DocumentKind.INVOICE, period__status__in=[PeriodStatus.OPEN, PeriodStatus.OVERDUE])
# What a reader narrows the list to.
BY_STATUS = {
    "to_pay": OPEN_INVOICES | Q(kind=DocumentKind.PROFORMA, top_up__status__in=IN_FLIGHT),
    "overdue": Q(kind=DocumentKind.INVOICE, period__status=PeriodStatus.OVERDUE),
    "paid": Q(kind=DocumentKind.RECEIPT)
    | Q(kind=DocumentKind.INVOICE, period__status=PeriodStatus.PAID)
    | Q(kind=DocumentKind.PROFORMA, top_up__status=TopUpStatus.SUCCEEDED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFilter:
    """Which documents of one wallet are wanted; what is empty narrows nothing."""

    wallet_id: int
    kind: str = ""
    organization_id: int | None = None
    year: int | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document of the list, without its content; `reason` is why a credit note was issued."""

    document: Document
    reason: str
    received: Decimal
    """Of an invoice for a top-up: what has come of it."""

    @property
    def stream(self) -> int:
        """The list has one."""
        return 0

    @property
    def key(self) -> int:
        """Documents stand in the order in which they were issued."""
        return self.document.pk

    @property
    def at(self) -> datetime:
        """When it was issued."""
        return self.document.issued_at

    @property
    def standing(self) -> Standing:
        """How it stands today."""
        document = self.document
        if document.kind == DocumentKind.INVOICE and document.period is not None:
            return OF_PERIOD.get(PeriodStatus(document.period.status), Standing.ISSUED)
        if document.kind == DocumentKind.PROFORMA and document.top_up is not None:
            if document.top_up.is_in_flight:
                return Standing.WAITING
            return Standing.PAID if document.top_up.status == TopUpStatus.SUCCEEDED else Standing.CLOSED
        return OF_KIND.get(DocumentKind(document.kind), Standing.ISSUED)

    @property
    def paid_at(self) -> datetime | None:
        """When an invoice was paid in full; None of what was paid when it was issued."""
        if self.standing != Standing.PAID:
            return None
        if self.document.period is not None:
            return self.document.period.paid_at
        is_proforma = self.document.kind == DocumentKind.PROFORMA and self.document.top_up is not None
        return self.document.top_up.finished_at if is_proforma else None  # type: ignore[union-attr]

    @property
    def due_on(self) -> date | None:
        """The day by which an open invoice is to be paid."""
        is_open = self.standing in (Standing.DUE, Standing.OVERDUE)
        return self.document.period.due_on if is_open and self.document.period is not None else None

    @property
    def still_open(self) -> Decimal:
        """What is still to be paid by it, in the document's currency."""
        document = self.document
        if self.standing in (Standing.DUE, Standing.OVERDUE) and document.period is not None:
            return Decimal(document.total.amount - document.period.settled.amount)
        return Decimal(document.total.amount - self.received) if self.standing == Standing.WAITING else Decimal(0)

    @property
    def is_part_paid(self) -> bool:
        """Whether some of it has come, and not all."""
        return 0 < self.still_open < self.document.total.amount


@dataclass(frozen=True, slots=True)
class Facets:
    """What a wallet has documents of, to choose among; `has_own` if some are issued to the account itself."""

    kinds: frozenset[str]
    years: tuple[int, ...]
    organizations: tuple[tuple[int, str], ...]
    has_own: bool


@dataclass(frozen=True, slots=True)
class Paper:
    """A document that stands beside a movement of money."""

    reference: UUID
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Papers:
    """The documents of movements: receipts by the payment's transaction number, invoices for top-ups by the top-up's
    reference, credit notes by the refund's id."""

    receipts: dict[int, Paper] = field(default_factory=dict)
    invoices: dict[UUID, Paper] = field(default_factory=dict)
    credit_notes: dict[int, Paper] = field(default_factory=dict)


def document_stream(wanted: DocumentFilter) -> tuple[Stream[DocumentRow]]:
    """The wallet's documents, to be read by key."""

    def documents(bound: Bound) -> Sequence[DocumentRow]:
        rows = _listed(matching(wanted))
        if bound.newer:
            return list(map(_row, rows.filter(pk__gt=bound.key).order_by("pk")[: bound.limit]))
        return list(map(_row, rows.filter(pk__lt=bound.key).order_by("-pk")[: bound.limit]))

    return (documents,)


def matching(wanted: DocumentFilter) -> QuerySet[Document]:
    """The documents that the filter lets through, the newest first."""
    rows = Document.objects.filter(wallet_id=wanted.wallet_id)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.organization_id:
        rows = rows.filter(organization_id=wanted.organization_id)
    if wanted.year:
        rows = rows.filter(year=wanted.year)
    if wanted.status:
        rows = rows.filter(BY_STATUS[wanted.status])
    return rows.order_by("-pk")


def counted(wanted: DocumentFilter, *, at_most: int) -> int:
    """How many documents match, counted up to `at_most`."""
    return matching(wanted).values("pk")[:at_most].count()


def facets_of(wallet_id: int) -> Facets:
    """The kinds, years and organizations that the wallet's documents are of."""
    found = set(
        Document.objects.filter(wallet_id=wallet_id)
        .order_by()
        .values_list("kind", "year", "organization_id", "organization__name")
        .distinct()
    )
    organizations = {(pk, name) for _kind, _year, pk, name in found if pk is not None}
    return Facets(
        kinds=frozenset(kind for kind, *_rest in found),
        years=tuple(sorted({year for _kind, year, *_rest in found}, reverse=True)),
        organizations=tuple(sorted(organizations, key=lambda each: (each[1], each[0]))),
        has_own=any(pk is None for _kind, _year, pk, _name in found),
    )


def open_invoices(wallet_id: int) -> list[DocumentRow]:
    """The invoices of periods that are to be paid, the one due first before the others."""
    rows = _listed(Document.objects.filter(OPEN_INVOICES, wallet_id=wallet_id))
    return list(map(_row, rows.order_by("period__due_on", "pk")))


def papers_of_top_up(top_up_id: int) -> list[Paper]:
    """The invoice for a top-up and the receipts of its payments, in the order in which they were issued."""
    about = Q(top_up=top_up_id) | Q(payment__top_up=top_up_id)
    kinds = [DocumentKind.PROFORMA, DocumentKind.RECEIPT]
    rows = Document.objects.filter(about, kind__in=kinds).order_by("pk")
    return [Paper(*row) for row in rows.values_list("reference", "label", "kind")]


def papers_beside(
    *, wallet_id: int, numbers: Collection[int] = (), top_ups: Collection[UUID] = (), refunds: Collection[int] = ()
) -> Papers:
    """What was issued for these transactions' payments, top-ups and refunds."""
    found = Papers()
    if not numbers and not top_ups and not refunds:
        return found
    about = (
        Q(kind=DocumentKind.RECEIPT, payment__transaction_number__in=numbers)
        | Q(kind=DocumentKind.PROFORMA, top_up__reference__in=top_ups)
        | Q(kind=DocumentKind.CREDIT_NOTE, refund__in=refunds)
    )
    columns = ("reference", "label", "kind", "payment__transaction_number", "top_up__reference", "refund_id")
    rows = Document.objects.filter(about, wallet_id=wallet_id).order_by("pk").values_list(*columns)
    for reference, label, kind, number, top_up, refund in rows:
        paper = Paper(reference, label, kind)
        if kind == DocumentKind.RECEIPT:
            found.receipts[number] = paper
        elif kind == DocumentKind.PROFORMA:
            found.invoices[top_up] = paper
        else:
            found.credit_notes[refund] = paper
    return found


def _listed(rows: QuerySet[Document]) -> QuerySet[Document]:
    """Rows with what the list says of them, in one statement; the content, which may be long, is left out."""
    received = Payment.objects.filter(top_up=OuterRef("top_up")).order_by().values("top_up").annotate(sum=Sum("total"))
    return (
        rows.select_related("organization", "period", "top_up", "payment__top_up", "corrects", "issuer")
        .defer("content", "corrects__content")
        .annotate(
            received=Subquery(received.values("sum"), output_field=DecimalField()),
            reason=KeyTextTransform("reason", "content"),
        )
    )


def _row(document: Document) -> DocumentRow:
    return DocumentRow(document, document.reason or "", document.received or Decimal(0))  # type: ignore[attr-defined]
