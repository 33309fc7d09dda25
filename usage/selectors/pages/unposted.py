"""Money in the history beside the ledger: top-ups in flight, failed or closed, and refunds that wait for a decision.

A ledger row of a payment leads to its top-up; one of a refund says whether the refund has arrived. Projects have no
part in either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from billing.models import Payment, Refund, RefundStatus, TopUp, TopUpOrigin, TopUpStatus, TransactionKind
from billing.selectors.keyset import Bound
from billing.services.payments import description_of
from billing.services.refunds.reserving import refund_description
from usage.selectors.pages.history_row import (
    ERROR,
    PROCESSING,
    REFUNDS,
    SUCCESSFUL,
    TOP_UPS,
    HistoryFilter,
    HistoryRow,
)

KIND_OF_ORIGIN = {
    TopUpOrigin.MANUAL.value: TransactionKind.TOP_UP.value,
    TopUpOrigin.AUTO.value: TransactionKind.AUTO_TOP_UP.value,
}
REFUND_OUTCOMES = {
    RefundStatus.APPROVED: PROCESSING,
    RefundStatus.SUBMITTED: PROCESSING,
    RefundStatus.FAILED: ERROR,
}


def unposted_top_ups(wanted: HistoryFilter, bound: Bound) -> list[HistoryRow]:
    """Top-ups that are not done: what has come in parts of a bank transfer stands in the ledger, the rest here."""
    origins = [origin for origin, kind in KIND_OF_ORIGIN.items() if wanted.kind in ("", kind)]
    if not origins or wanted.project_id:
        return []
    rows = TopUp.objects.filter(wallet_id=wanted.wallet_id, origin__in=origins).exclude(status=TopUpStatus.SUCCEEDED)
    found = _within(rows, wanted, bound).select_related("card").annotate(credited=Sum("payments__amount"))
    return [_top_up_row(wanted, row, Decimal(row.credited or 0)) for row in found]


def asked_refunds(wanted: HistoryFilter, bound: Bound) -> list[HistoryRow]:
    """Refunds that are asked for; nothing has left the wallet."""
    if wanted.kind not in ("", TransactionKind.REFUND) or wanted.project_id:
        return []
    rows = Refund.objects.filter(wallet_id=wanted.wallet_id, status=RefundStatus.REQUESTED)
    return [_refund_row(wanted, row) for row in _within(rows, wanted, bound).select_related("payment")]


def with_outcomes(wanted: HistoryFilter, rows: Sequence[HistoryRow]) -> list[HistoryRow]:
    """The ledger's rows with what became of their refund, and with the top-up that they belong to."""
    payments = _payments(wanted, [row.reference for row in rows if row.reference.startswith("payment:")])
    refunds = _refunds(wanted, [row.reference for row in rows if row.reference.startswith("refund:")])
    return [
        replace(row, top_up=payments[row.reference])
        if row.reference in payments
        else replace(row, status=refunds[row.reference])
        if row.reference in refunds
        else row
        for row in rows
    ]


def _within(rows: QuerySet, wanted: HistoryFilter, bound: Bound) -> QuerySet:
    """The rows of the days asked for, beyond the page's edge, in the order in which they are read."""
    if wanted.first is not None:
        rows = rows.filter(created_at__gte=datetime.combine(wanted.first, time(), wanted.zone))
    if wanted.last is not None:
        rows = rows.filter(created_at__lt=datetime.combine(wanted.last + timedelta(days=1), time(), wanted.zone))
    if bound.newer:
        return rows.filter(pk__gt=bound.key).order_by("pk")[: bound.limit]
    return rows.filter(pk__lt=bound.key).order_by("-pk")[: bound.limit]


def _top_up_row(wanted: HistoryFilter, row: TopUp, credited: Decimal) -> HistoryRow:
    return HistoryRow(
        stream=TOP_UPS,
        key=row.pk,
        at=row.created_at,
        day=row.created_at.astimezone(wanted.zone).date(),
        kind=KIND_OF_ORIGIN[row.origin],
        amount=row.amount.amount - credited,
        balance_after=None,
        description=description_of(row, None),
        reason=row.failure_message if not row.is_in_flight else _("Waiting for the payment"),
        reference="",
        project_id=None,
        count=1,
        first_number=None,
        status=PROCESSING if row.is_in_flight else ERROR,
        top_up=row.reference,
    )


def _refund_row(wanted: HistoryFilter, row: Refund) -> HistoryRow:
    return HistoryRow(
        stream=REFUNDS,
        key=row.pk,
        at=row.created_at,
        day=row.created_at.astimezone(wanted.zone).date(),
        kind=TransactionKind.REFUND.value,
        amount=-row.amount.amount,
        balance_after=None,
        description=refund_description(row.payment),
        reason=_("Waiting for a decision"),
        reference=f"refund:{row.pk}",
        project_id=None,
        count=1,
        first_number=None,
        status=PROCESSING,
    )


def _payments(wanted: HistoryFilter, keys: Sequence[str]) -> dict[str, UUID]:
    """By a ledger row's key: the top-up that the payment was for."""
    if not keys:
        return {}
    named = Q()
    for key in keys:
        _word, provider, reference = key.split(":", 2)
        named |= Q(provider=provider, reference__startswith=reference)
    found = Payment.objects.filter(named, wallet_id=wanted.wallet_id, top_up__isnull=False)
    return {
        f"payment:{provider}:{reference}": top_up
        for provider, reference, top_up in found.values_list("provider", "reference", "top_up__reference")
    }


def _refunds(wanted: HistoryFilter, keys: Sequence[str]) -> dict[str, str]:
    """By a ledger row's key: how the refund stands."""
    ids = [int(key.partition(":")[2]) for key in keys if key.partition(":")[2].isdigit()]
    if not ids:
        return {}
    found = Refund.objects.filter(wallet_id=wanted.wallet_id, pk__in=ids).values_list("pk", "status")
    return {f"refund:{pk}": REFUND_OUTCOMES.get(RefundStatus(status), SUCCESSFUL) for pk, status in found}
