"""What of the payments waits for a person, counted for the dashboard up to a limit: six small counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model, QuerySet

from billing.models import (
    Approval,
    ApprovalStatus,
    AutoTopUp,
    DocumentFailure,
    PaymentDifference,
    ProviderEvent,
    ProviderEventStatus,
    Refund,
    RefundStatus,
)

COUNTED = 10_001


@dataclass(frozen=True)
class Attention:
    """How many rows of a list wait, and how the list is filtered to show them."""

    label: str
    note: str
    model: type[Model]
    count: int
    filters: dict[str, Any] = field(default_factory=dict)


def payments() -> Iterator[Attention]:
    """What waits for a second person or a decision, what fails, what is given up, what differs, what is not made."""
    second = Approval.objects.filter(status=ApprovalStatus.REQUESTED)
    waiting = {"status__exact": ApprovalStatus.REQUESTED.value}
    yield Attention("Second person", "asked for, wait for approval", Approval, _count(second), waiting)
    requested = Refund.objects.filter(status=RefundStatus.REQUESTED)
    asked = {"status__exact": RefundStatus.REQUESTED}
    yield Attention("Refund requests", "wait for a decision", Refund, _count(requested), asked)
    failing = AutoTopUp.objects.filter(failures__gt=0)
    yield Attention("Failing auto top-ups", "one to three failures in a row", AutoTopUp, _count(failing))
    given_up = ProviderEvent.objects.filter(status=ProviderEventStatus.FAILED)
    failed = {"status__exact": ProviderEventStatus.FAILED}
    yield Attention("Webhook failures", "given up; replay them", ProviderEvent, _count(given_up), failed)
    differing = PaymentDifference.objects.filter(closed_at__isnull=True)
    yield Attention(
        "Payment differences",
        "between providers and ledger",
        PaymentDifference,
        _count(differing),
        {"closed_at__isempty": 1},
    )
    unmade = DocumentFailure.objects.all()
    yield Attention("Documents not made", "tried again by themselves", DocumentFailure, _count(unmade))


def _count(rows: QuerySet[Any]) -> int:
    return rows.order_by().values("pk")[:COUNTED].count()
