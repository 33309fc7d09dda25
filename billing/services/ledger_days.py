"""Sums up the ledger of days that are over, wallet by wallet, in `LedgerDay`.

A row covers a wallet's transactions up to a number, and numbers have no gaps under the wallet's lock: so a transaction
that is committed late is in no row that was written before it, and whoever reads finds it behind the row's number.
Nothing depends on when, how often or by how many at once this runs.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.utils import timezone

from billing.models import Wallet
from organizations.database import array, run

WALLETS_AT_ONCE = 200

# A day is taken from the latest moment up to a transaction, as a clock may be behind another server's.
TAKE = """
WITH latest AS (
  SELECT w.id, w.currency, coalesce(s.last_number, 0) AS last_number, s.debits, s.credits
    FROM billing_wallet w
    LEFT JOIN LATERAL (SELECT last_number, debits, credits FROM billing_ledgerday
                        WHERE wallet_id = w.id ORDER BY day DESC LIMIT 1) s ON true
   WHERE w.id = ANY(%s::bigint[]) AND w.last_number > coalesce(s.last_number, 0)
), made AS (
  SELECT x.id, x.wallet_id, x.number,
         (max(x.created_at) OVER (PARTITION BY x.wallet_id ORDER BY x.number) AT TIME ZONE 'UTC')::date AS day
    FROM latest l JOIN billing_transaction x ON x.wallet_id = l.id AND x.number > l.last_number
), over AS (
  SELECT * FROM made WHERE day < %s::date
), days AS (
  SELECT wallet_id, day, max(number) AS last_number FROM over GROUP BY 1, 2
), moved AS (
  SELECT o.wallet_id, o.day, e.kind, sum(e.debit) AS debit, sum(e.credit) AS credit
    FROM over o JOIN billing_entry e ON e.transaction_id = o.id GROUP BY 1, 2, 3
), summed AS (
  SELECT d.wallet_id, d.day, d.last_number, l.currency, k.kind,
         coalesce(l.debits[k.kind], 0) + sum(coalesce(m.debit, 0)) OVER upto AS debit,
         coalesce(l.credits[k.kind], 0) + sum(coalesce(m.credit, 0)) OVER upto AS credit
    FROM days d
    JOIN latest l ON l.id = d.wallet_id
   CROSS JOIN generate_series(1, 15) AS k(kind)
    LEFT JOIN moved m ON m.wallet_id = d.wallet_id AND m.day = d.day AND m.kind = k.kind
  WINDOW upto AS (PARTITION BY d.wallet_id, k.kind ORDER BY d.day)
)
INSERT INTO billing_ledgerday (wallet_id, currency, day, last_number, debits, credits)
SELECT wallet_id, currency, day, last_number, array_agg(debit ORDER BY kind), array_agg(credit ORDER BY kind)
  FROM summed GROUP BY wallet_id, currency, day, last_number
    ON CONFLICT (wallet_id, day) DO NOTHING
RETURNING 1
"""


def take_days(*, before: date | None = None) -> int:
    """Sum up the days before `before` (UTC; today by default) that are missing; returns how many rows were written.

    Each batch of wallets is one statement of its own, so that a run that is ended has done what it did.
    """
    today = before or timezone.now().astimezone(UTC).date()
    written, last = 0, 0
    while True:
        ids = list(Wallet.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:WALLETS_AT_ONCE])
        if not ids:
            return written
        written += len(run((TAKE, [array(ids), today]))[0])
        last = ids[-1]


def end_of(day: date) -> datetime:
    """The first instant after a day of UTC."""
    return datetime.combine(date.fromordinal(day.toordinal() + 1), datetime.min.time(), UTC)
