"""Sums up the ledger of days that are over, wallet by wallet, in `LedgerDay`.

A row covers a wallet's transactions up to a number, and numbers have no gaps under the wallet's lock: so a transaction
that is committed late is in no row that was written before it, and whoever reads finds it behind the row's number.
Nothing depends on when, how often or by how many at once this runs. No statement reads more than
`TRANSACTIONS_AT_ONCE` transactions, so that a ledger of years is summed up for the first time in short transactions; a
single day of one wallet with more of them is read at once.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.utils import timezone

from billing.models import Wallet
from organizations.database import array, run

WALLETS_AT_ONCE = 200
TRANSACTIONS_AT_ONCE = 20_000

# A day is taken from the latest moment up to a transaction, as a clock may be behind another server's. Where there is
# more than was read (`cut`), the last day is left for the next statement, which reads it from its beginning.
TAKE = """
WITH latest AS (
  SELECT w.id, w.currency, coalesce(s.last_number, 0) AS last_number, s.debits, s.credits
    FROM billing_wallet w
    LEFT JOIN LATERAL (SELECT last_number, debits, credits FROM billing_ledgerday
                        WHERE wallet_id = w.id ORDER BY day DESC LIMIT 1) s ON true
   WHERE w.id = ANY(%s::bigint[]) AND w.last_number > coalesce(s.last_number, 0)
), made AS (
  SELECT x.id, l.id AS wallet_id, x.number,
         (max(x.created_at) OVER (PARTITION BY l.id ORDER BY x.number) AT TIME ZONE 'UTC')::date AS day
    FROM latest l
   CROSS JOIN LATERAL (SELECT id, number, created_at FROM billing_transaction
                        WHERE wallet_id = l.id AND number > l.last_number ORDER BY number LIMIT %s::int) x
), cut AS (
  SELECT wallet_id, max(day) AS day FROM made GROUP BY 1 HAVING count(*) = %s::int AND max(day) < %s::date
), over AS (
  SELECT m.* FROM made m LEFT JOIN cut c ON c.wallet_id = m.wallet_id
   WHERE m.day < coalesce(c.day, %s::date)
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
), written AS (
  INSERT INTO billing_ledgerday (wallet_id, currency, day, last_number, debits, credits)
  SELECT wallet_id, currency, day, last_number, array_agg(debit ORDER BY kind), array_agg(credit ORDER BY kind)
    FROM summed GROUP BY wallet_id, currency, day, last_number
      ON CONFLICT (wallet_id, day) DO NOTHING
  RETURNING 1
)
SELECT (SELECT count(*) FROM written), ARRAY(SELECT wallet_id FROM cut ORDER BY 1)
"""


def take_days(*, before: date | None = None) -> int:
    """Sum up the days before `before` (UTC; today by default) that are missing; returns how many rows were written.

    Each statement is a transaction of its own, so that a run that is ended has done what it did.
    """
    today = before or timezone.now().astimezone(UTC).date()
    written, last = 0, 0
    while True:
        ids = list(Wallet.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:WALLETS_AT_ONCE])
        if not ids:
            return written
        rows, long_ones = _take(ids, today, each=max(1, TRANSACTIONS_AT_ONCE // WALLETS_AT_ONCE))
        written += rows + sum(_take_long(wallet_id, today) for wallet_id in long_ones)
        last = ids[-1]


def _take(ids: list[int], today: date, *, each: int) -> tuple[int, list[int]]:
    """Sum up to `each` transactions of every wallet; returns the rows written and the wallets that have more."""
    (((written, cut),),) = run((TAKE, [array(ids), each, each, today, today]))
    return written, cut


def _take_long(wallet_id: int, today: date) -> int:
    """One wallet with more transactions than are read at once, piece by piece; returns the rows written."""
    written, most = 0, TRANSACTIONS_AT_ONCE
    while True:
        rows, cut = _take([wallet_id], today, each=most)
        written += rows
        if not cut:
            return written
        if not rows:  # not even one whole day
            most *= 2


def end_of(day: date) -> datetime:
    """The first instant after a day of UTC."""
    return datetime.combine(date.fromordinal(day.toordinal() + 1), datetime.min.time(), UTC)
