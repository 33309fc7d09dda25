"""Sums over all wallets for the dashboard, from the hourly roll-up and the wallets, in three statements."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection

from billing.models import TransactionKind
from billing.models.ledger import USAGE_KINDS

DAYS = 30
WALLETS_SHOWN = 8
WALLETS_COUNTED = 10_001

IN_KINDS = (TransactionKind.TOP_UP, TransactionKind.AUTO_TOP_UP, TransactionKind.PAYMENT, TransactionKind.CREDIT)
OUT_KINDS = (
    TransactionKind.REFUND,
    TransactionKind.REFUND_BACK,
    TransactionKind.DISPUTE,
    TransactionKind.REINSTATED,
)
GIVEN_KINDS = (TransactionKind.WELCOME, TransactionKind.PROMO, TransactionKind.COUPON, TransactionKind.ALLOTMENT)
SPENT_KINDS = (*USAGE_KINDS, TransactionKind.VOID)
GROUPS = {
    **dict.fromkeys(IN_KINDS, "paid_in"),
    **dict.fromkeys(OUT_KINDS, "paid_out"),
    **dict.fromkeys(GIVEN_KINDS, "given"),
    **dict.fromkeys(SPENT_KINDS, "spent"),
    TransactionKind.EXPIRY: "expired",
    TransactionKind.ADJUSTMENT: "adjusted",
    TransactionKind.TAX: "taxed",
}

# A day is the account's own; 45 days reach back over any month and the chart.
MOVEMENTS = """
SELECT p.id, m.day, m.kind, m.day = here.today, m.day >= date_trunc('month', here.today), sum(m.amount)
  FROM billing_hourlymovement m
  JOIN billing_wallet w ON w.id = m.wallet_id
  JOIN organizations_account a ON a.id = w.account_id
  JOIN organizations_product p ON p.id = a.product_id
 CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE a.timezone)::date AS today) here
 WHERE m.day >= current_date - 45
 GROUP BY 1, 2, 3, 4, 5
"""
BELOW_FLOOR = """
SELECT id, name, product, currency, available, floor, count(*) OVER () FROM (
  SELECT w.id, a.name, p.name AS product, w.currency, v.available, v.floor
    FROM billing_wallet w
    JOIN organizations_account a ON a.id = w.account_id AND a.status = 'active'
    JOIN organizations_product p ON p.id = a.product_id
    JOIN billing_productterms t ON t.product_id = a.product_id
   CROSS JOIN LATERAL (
     SELECT w.paid + w.promo + w.allotment - w.debt - w.held
              + CASE WHEN w.mode = 'postpay' THEN w.credit_limit ELSE 0 END AS available,
            CASE WHEN w.mode = 'postpay' THEN 0 ELSE t.floor END AS floor) v
   WHERE v.available <= 0 OR v.available < v.floor
   LIMIT %s) below
 ORDER BY available, id LIMIT %s
"""


@dataclass
class ProductFigures:
    """One product's money, in its currency; the days are those of the last weeks on which something moved."""

    today: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    month: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    spent_by_day: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    in_by_day: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    back_by_day: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def by_day(self, group: str) -> dict[date, Decimal] | None:
        """The group's sums by day, for the groups that have a chart."""
        return {"spent": self.spent_by_day, "paid_in": self.in_by_day, "paid_out": self.back_by_day}.get(group)


@dataclass(frozen=True)
class LowWallet:
    """A wallet whose calls do not start for want of money."""

    wallet_id: int
    account: str
    product: str
    currency: str
    available: Decimal
    floor: Decimal


def movements() -> dict[int, ProductFigures]:
    """Money in, out, given, spent (out and spent positive), expired, adjusted and taxed, by product id."""
    figures: dict[int, ProductFigures] = defaultdict(ProductFigures)
    with connection.cursor() as cursor:
        cursor.execute(MOVEMENTS)
        for product_id, day, kind, is_today, is_this_month, amount in cursor.fetchall():
            group = GROUPS[TransactionKind(kind)]
            value = -amount if group in ("spent", "paid_out") else amount
            of_product = figures[product_id]
            by_day = of_product.by_day(group)
            if by_day is not None:
                by_day[day] += value
            if is_this_month:
                of_product.month[group] += value
            if is_today:
                of_product.today[group] += value
    return figures


def chart_days(today: date) -> list[date]:
    """The last `DAYS` days up to today."""
    return [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]


def wallets_below_floor() -> tuple[list[LowWallet], int]:
    """The lowest wallets below their product's floor, and how many there are (counted up to `WALLETS_COUNTED`)."""
    with connection.cursor() as cursor:
        cursor.execute(BELOW_FLOOR, [WALLETS_COUNTED, WALLETS_SHOWN])
        rows = cursor.fetchall()
    return [LowWallet(*row[:-1]) for row in rows], rows[0][-1] if rows else 0
