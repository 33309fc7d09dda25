"""What stood in the ledger at any moment, by ledger account: from the days that were summed up, and what came after.

Of each wallet the last `LedgerDay` before the moment's day is taken and the transactions behind it are added, up to the
wallet's next row beyond that day. Both are found by the wallet's own indexes, so it takes as long as the wallets are
many, and not as the ledger is long. What counts is a transaction's own moment, whenever it was committed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from billing.models import LedgerAccountKind
from organizations.database import Statement, array, run

# A row of a later day bounds what is read: a clock behind by less than a day is forgiven.
STANDING = """
WITH kept AS MATERIALIZED (
  SELECT w.id, w.account_id, w.currency, a.product_id, w.last_number > coalesce(s.last_number, 0) AS has_more,
         coalesce(s.last_number, 0) AS last_number, s.debits, s.credits,
         (SELECT n.last_number FROM billing_ledgerday n WHERE n.wallet_id = w.id AND n.day > %s::date
           ORDER BY n.day LIMIT 1) AS bound
    FROM billing_wallet w
    JOIN organizations_account a ON a.id = w.account_id
    LEFT JOIN LATERAL (SELECT last_number, debits, credits FROM billing_ledgerday
                        WHERE wallet_id = w.id AND day < %s::date ORDER BY day DESC LIMIT 1) s ON true
   WHERE (%s::bigint[] IS NULL OR a.product_id = ANY(%s::bigint[]))
     AND (%s::bigint IS NULL OR w.account_id = %s::bigint)
), turnover AS (
  SELECT k.id, k.account_id, k.product_id, k.currency, kind.kind, k.debits[kind.kind] AS debit,
         k.credits[kind.kind] AS credit
    FROM kept k CROSS JOIN generate_series(1, 15) AS kind(kind)
   WHERE k.debits[kind.kind] <> 0 OR k.credits[kind.kind] <> 0
   UNION ALL
  SELECT k.id, k.account_id, k.product_id, k.currency, e.kind, e.debit, e.credit
    FROM kept k CROSS JOIN LATERAL (
      SELECT e.kind, sum(e.debit) AS debit, sum(e.credit) AS credit
        FROM billing_transaction x JOIN billing_entry e ON e.transaction_id = x.id
       WHERE x.wallet_id = k.id AND x.number > k.last_number
         AND x.number <= coalesce(k.bound, 9223372036854775807) AND x.created_at < %s::timestamptz
       GROUP BY e.kind) e
   WHERE k.has_more
)
"""
BY_PRODUCT = (
    STANDING
    + """
SELECT t.product_id, p.name, t.currency, t.kind, sum(t.debit), sum(t.credit)
  FROM turnover t JOIN organizations_product p ON p.id = t.product_id
 GROUP BY 1, 2, 3, 4 ORDER BY 2, 3, 4
"""
)
# Ledger accounts 1 to 4 are the customer's (LedgerAccountKind); what is owed is a debit balance.
BY_ACCOUNT = (
    STANDING
    + """
SELECT p.name, t.account_id, a.name, a.external_id, t.id, t.currency,
       coalesce(sum(t.credit - t.debit) FILTER (WHERE t.kind = 1), 0),
       coalesce(sum(t.credit - t.debit) FILTER (WHERE t.kind = 2), 0),
       coalesce(sum(t.credit - t.debit) FILTER (WHERE t.kind = 3), 0),
       coalesce(sum(t.debit - t.credit) FILTER (WHERE t.kind = 4), 0)
  FROM turnover t
  JOIN organizations_account a ON a.id = t.account_id
  JOIN organizations_product p ON p.id = t.product_id
 WHERE t.kind <= 4
 GROUP BY 1, 2, 3, 4, 5, 6
HAVING bool_or(t.kind <= 4)
   AND (coalesce(sum(t.credit - t.debit) FILTER (WHERE t.kind = 1), 0) <> 0
        OR coalesce(sum(t.credit - t.debit) FILTER (WHERE t.kind = 2), 0) <> 0
        OR coalesce(sum(t.credit - t.debit) FILTER (WHERE t.kind = 3), 0) <> 0
        OR coalesce(sum(t.debit - t.credit) FILTER (WHERE t.kind = 4), 0) <> 0)
 ORDER BY 1, 6, 7 DESC, 2
"""
)


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One kind of ledger account of one product: all debits and credits up to the moment."""

    product_id: int
    product: str
    currency: str
    kind: LedgerAccountKind
    debit: Decimal
    credit: Decimal

    @property
    def balance(self) -> Decimal:
        """Credits less debits; all kinds of a product and currency together are zero."""
        return self.credit - self.debit


@dataclass(frozen=True, slots=True)
class Liability:
    """What one account had unspent, by kind of credit, and what it owed."""

    product: str
    account_id: int
    account: str
    external_id: str
    wallet_id: int
    currency: str
    paid: Decimal
    promo: Decimal
    allotment: Decimal
    owed: Decimal


def trial_balance(before: datetime, *, product_ids: Iterable[int] | None = None) -> list[LedgerLine]:
    """The ledger accounts of these products (all by default) as of the transactions made before the moment."""
    (rows,) = run(_statement(BY_PRODUCT, before, product_ids, None))
    return [
        LedgerLine(product_id, product, currency, LedgerAccountKind(kind), debit, credit)
        for product_id, product, currency, kind, debit, credit in rows
    ]


def liabilities(
    before: datetime, *, product_ids: Iterable[int] | None = None, account_id: int | None = None
) -> list[Liability]:
    """The accounts with anything unspent or owed as of the transactions made before the moment."""
    (rows,) = run(_statement(BY_ACCOUNT, before, product_ids, account_id))
    return [Liability(*row) for row in rows]


def _statement(sql: str, before: datetime, product_ids: Iterable[int] | None, account_id: int | None) -> Statement:
    day = before.astimezone(UTC).date()
    products = None if product_ids is None else array(product_ids)
    return sql, [day, day, products, products, account_id, account_id, before]
