"""Payments against the ledger by month and provider, and how many differences there are, open and settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth

from billing.models import PaymentDifference
from organizations.database import run

# A payment's transaction is found by its number; without one the ledger has nothing of it.
PAYMENTS = """
SELECT date_trunc('month', p.created_at AT TIME ZONE 'UTC')::date, p.provider, p.currency, count(*), sum(p.amount),
       count(x.id), coalesce(sum(x.amount), 0)
  FROM billing_payment p
  JOIN billing_wallet w ON w.id = p.wallet_id
  JOIN organizations_account a ON a.id = w.account_id
  LEFT JOIN billing_transaction x ON x.wallet_id = p.wallet_id AND x.number = p.transaction_number
 WHERE p.created_at >= %s::timestamptz AND p.created_at < %s::timestamptz AND p.subscription_id IS NULL
   AND (%s::bigint IS NULL OR a.product_id = %s::bigint) AND (%s::varchar IS NULL OR p.provider = %s::varchar)
 GROUP BY 1, 2, 3 ORDER BY 3, 1, 2
"""


@dataclass(frozen=True, slots=True)
class MonthOfPayments:
    """Payments of one provider that were booked in one month (UTC): as recorded, and as the ledger has them."""

    month: date
    provider: str
    currency: str
    payments: int
    amount: Decimal
    booked: int
    booked_amount: Decimal

    @property
    def difference(self) -> Decimal:
        """What the ledger has more than the payments; zero where the books agree."""
        return self.booked_amount - self.amount


def payments_by_month(
    first: datetime, before: datetime, *, product_id: int | None = None, provider: str = ""
) -> list[MonthOfPayments]:
    """Payments that were booked from the one moment to before the other."""
    (rows,) = run((PAYMENTS, [first, before, product_id, product_id, provider or None, provider or None]))
    return [MonthOfPayments(*row) for row in rows]


def differences(
    first: datetime, before: datetime, *, product_id: int | None = None, provider: str = ""
) -> QuerySet[PaymentDifference]:
    """Differences first seen in the period, and all that are still open, the oldest first.

    With a product only those of its customers, and those of nobody's, which may be anybody's.
    """
    found = PaymentDifference.objects.filter(
        Q(first_seen_at__gte=first) | Q(closed_at__isnull=True), first_seen_at__lt=before
    )
    if provider:
        found = found.filter(provider=provider)
    if product_id:
        found = found.filter(Q(wallet__account__product_id=product_id) | Q(wallet__isnull=True))
    return found.select_related("wallet__account", "explained_by").order_by("first_seen_at", "id")


def differences_by_month(found: QuerySet[PaymentDifference]) -> list[dict[str, Any]]:
    """How many of them are open, explained and gone by themselves, by month (UTC), provider and kind."""
    explained = Q(closed_at__isnull=False) & ~Q(explanation="")
    return [
        dict(one)
        for one in found.order_by()
        .annotate(month=TruncMonth("first_seen_at"))
        .values("month", "provider", "kind")
        .annotate(
            open=Count("pk", filter=Q(closed_at__isnull=True)),
            explained=Count("pk", filter=explained),
            gone=Count("pk", filter=Q(closed_at__isnull=False, explanation="")),
        )
        .order_by("month", "provider", "kind")
    ]
