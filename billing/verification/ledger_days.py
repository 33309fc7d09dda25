"""What was kept of a day is what its transfers say."""

from __future__ import annotations

from billing.verification.invariant import Invariant

# Every transaction belongs to the first row that reaches its number; what that row says more than the one before it
# is what those transactions moved. One pass over the ledger, whatever the number of days.
LEDGER_DAYS_EQUAL_TRANSFERS = Invariant(
    "ledger_days_equal_transfers",
    "The sums kept of each wallet's days are the sums of its transfers up to the transaction they name.",
    """
WITH placed AS (
  SELECT x.id, x.wallet_id, min(s.last_number) OVER (PARTITION BY x.wallet_id ORDER BY x.number DESC) AS last_number
    FROM billing_transaction x
    LEFT JOIN billing_ledgerday s ON s.wallet_id = x.wallet_id AND s.last_number = x.number
), moved AS (
  SELECT p.wallet_id, p.last_number, e.kind, sum(e.debit) AS debit, sum(e.credit) AS credit
    FROM placed p JOIN billing_entry e ON e.transaction_id = p.id
   WHERE p.last_number IS NOT NULL GROUP BY 1, 2, 3
), kept AS (
  SELECT s.id, s.wallet_id, s.day, s.last_number, k.kind,
         s.debits[k.kind] - coalesce(s.debits_before[k.kind], 0) AS debit,
         s.credits[k.kind] - coalesce(s.credits_before[k.kind], 0) AS credit
    FROM (SELECT *, lag(debits) OVER before AS debits_before, lag(credits) OVER before AS credits_before
            FROM billing_ledgerday WINDOW before AS (PARTITION BY wallet_id ORDER BY day)) s
   CROSS JOIN generate_series(1, 15) AS k(kind)
   WHERE s.debits[k.kind] IS DISTINCT FROM coalesce(s.debits_before[k.kind], 0)
      OR s.credits[k.kind] IS DISTINCT FROM coalesce(s.credits_before[k.kind], 0)
)
SELECT k.id AS ledger_day_id, wallet_id, k.day, last_number, kind, k.debit, m.debit AS moved_debit, k.credit,
       m.credit AS moved_credit
  FROM kept k FULL JOIN moved m USING (wallet_id, last_number, kind)
 WHERE (coalesce(k.debit, 0), coalesce(k.credit, 0)) IS DISTINCT FROM (coalesce(m.debit, 0), coalesce(m.credit, 0))
""",
)

LEDGER_DAYS_ARE_OVER = Invariant(
    "ledger_days_are_over",
    "The sums kept of a day end with a transaction of the wallet that was made before the day was over.",
    """
SELECT s.id AS ledger_day_id, s.wallet_id, s.day, s.last_number, x.created_at, s.currency
  FROM billing_ledgerday s
  LEFT JOIN billing_wallet w ON w.id = s.wallet_id
  LEFT JOIN billing_transaction x ON x.wallet_id = s.wallet_id AND x.number = s.last_number
 WHERE (x.created_at < (s.day + 1) AT TIME ZONE 'UTC' AND w.currency = s.currency) IS NOT TRUE
""",
)

INVARIANTS = (LEDGER_DAYS_EQUAL_TRANSFERS, LEDGER_DAYS_ARE_OVER)
