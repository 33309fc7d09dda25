"""A wallet's cached columns say what its ledger says."""

from __future__ import annotations

from billing.verification.invariant import Invariant

BALANCES_EQUAL_LEDGER = Invariant(
    "balances_equal_ledger",
    "Every cached balance equals the sum of the transfers of its ledger account.",
    """
SELECT w.id AS wallet_id, w.paid, l.paid AS ledger_paid, w.promo, l.promo AS ledger_promo, w.allotment,
       l.allotment AS ledger_allotment, w.debt, l.debt AS ledger_debt
  FROM billing_wallet w
  LEFT JOIN (SELECT wallet_id,
                    coalesce(sum(credit - debit) FILTER (WHERE kind = 1), 0) AS paid,
                    coalesce(sum(credit - debit) FILTER (WHERE kind = 2), 0) AS promo,
                    coalesce(sum(credit - debit) FILTER (WHERE kind = 3), 0) AS allotment,
                    coalesce(sum(debit - credit) FILTER (WHERE kind = 4), 0) AS debt
               FROM billing_entry GROUP BY wallet_id) l ON l.wallet_id = w.id
 WHERE (w.paid, w.promo, w.allotment, w.debt)
       <> (coalesce(l.paid, 0), coalesce(l.promo, 0), coalesce(l.allotment, 0), coalesce(l.debt, 0))
""",
)

NUMBERING = Invariant(
    "numbering",
    "A wallet's transactions are numbered from 1 without gaps, and the wallet knows the last number.",
    """
SELECT w.id AS wallet_id, w.last_number, x.transactions, x.first, x.last
  FROM billing_wallet w
  LEFT JOIN (SELECT wallet_id, count(*) AS transactions, count(DISTINCT number) AS numbers, min(number) AS first,
                    max(number) AS last
               FROM billing_transaction GROUP BY wallet_id) x ON x.wallet_id = w.id
 WHERE w.last_number <> coalesce(x.last, 0)
    OR (x.wallet_id IS NOT NULL AND (x.first <> 1 OR x.last <> x.transactions OR x.numbers <> x.transactions))
""",
)

BALANCE_AFTER = Invariant(
    "balance_after",
    "Each transaction carries the sum of all transactions up to and with it.",
    """
SELECT id AS transaction_id, wallet_id, number, amount, balance_after, running AS expected
  FROM (SELECT id, wallet_id, number, amount, balance_after,
               sum(amount) OVER (PARTITION BY wallet_id ORDER BY number ROWS UNBOUNDED PRECEDING) AS running
          FROM billing_transaction) x
 WHERE balance_after <> running
""",
)

# A charge of an earlier day that is reversed today does not lower what was spent today, nor does what is charged in its
# place (`charge:<event>:<correction>`) raise it: both count with the event's first charge. A charge keeps the day that
# it was made on; when the account has moved to another timezone since, its day is the one that its moment lies in there
# (`billing.services.days`), and until the next charge the wallet's day is the one of the move, the last with usage or
# one after it. So where the days do not give the sum, the moments must.
SPENT_TODAY = Invariant(
    "spent_today",
    "What counts towards the daily cap is the day's usage less what was reversed of it on that day.",
    """
WITH spent AS (
  SELECT w.id, sum(-x.amount) AS amount
    FROM billing_wallet w
    JOIN organizations_account a ON a.id = w.account_id
    JOIN billing_transaction x ON x.wallet_id = w.id AND x.day = w.spent_on
    LEFT JOIN billing_transaction f ON x.key ~ '^charge:[0-9]+:[0-9]+$' AND f.wallet_id = x.wallet_id
                                   AND f.key = 'charge:' || split_part(x.key, ':', 2)
   WHERE x.kind IN ('call', 'chat', 'crawl', 'llm')
     AND (x.key !~ '^charge:[0-9]+:[0-9]+$'
          OR (f.created_at AT TIME ZONE a.timezone)::date = (x.created_at AT TIME ZONE a.timezone)::date)
   GROUP BY w.id
), reversed AS (
  SELECT w.id, sum(v.amount) AS amount
    FROM billing_wallet w
    JOIN organizations_account a ON a.id = w.account_id
    JOIN billing_transaction v ON v.wallet_id = w.id AND v.day = w.spent_on AND v.kind = 'void'
    JOIN billing_transaction c ON c.wallet_id = v.wallet_id AND c.key = 'charge:' || split_part(v.key, ':', 2)
                              AND (c.created_at AT TIME ZONE a.timezone)::date
                                  = (v.created_at AT TIME ZONE a.timezone)::date
   GROUP BY w.id
), latest AS (
  SELECT x.wallet_id AS id, x.day, x.created_at
    FROM (SELECT wallet_id, max(number) AS number FROM billing_transaction
           WHERE kind IN ('call', 'chat', 'crawl', 'llm') AND key !~ '^charge:[0-9]+:[0-9]+$'
           GROUP BY wallet_id) l
    JOIN billing_transaction x ON x.wallet_id = l.wallet_id AND x.number = l.number
), doubtful AS (
  SELECT w.id, w.spent_on, w.spent_today, a.timezone, coalesce(s.amount, 0) - coalesce(r.amount, 0) AS expected,
         l.day AS last_usage_on, (l.created_at AT TIME ZONE a.timezone)::date AS last_usage_here
    FROM billing_wallet w JOIN organizations_account a ON a.id = w.account_id
    LEFT JOIN spent s ON s.id = w.id LEFT JOIN reversed r ON r.id = w.id LEFT JOIN latest l ON l.id = w.id
   WHERE w.spent_today <> coalesce(s.amount, 0) - coalesce(r.amount, 0) OR w.spent_on IS DISTINCT FROM l.day
)
SELECT d.id AS wallet_id, d.spent_on, d.spent_today, d.expected, here.amount AS expected_here, d.last_usage_on
  FROM doubtful d CROSS JOIN LATERAL (
    SELECT coalesce(sum(-x.amount) FILTER (
             WHERE x.kind <> 'void' AND x.key !~ '^charge:[0-9]+:[0-9]+$'
                   OR (c.created_at AT TIME ZONE d.timezone)::date = d.spent_on), 0) AS amount
      FROM billing_transaction x
      LEFT JOIN billing_transaction c ON (x.kind = 'void' OR x.key ~ '^charge:[0-9]+:[0-9]+$')
                                     AND c.wallet_id = x.wallet_id AND c.key = 'charge:' || split_part(x.key, ':', 2)
     WHERE x.wallet_id = d.id AND x.kind IN ('call', 'chat', 'crawl', 'llm', 'void')
       AND (x.created_at AT TIME ZONE d.timezone)::date = d.spent_on
  ) here
 WHERE d.spent_today <> here.amount OR (d.spent_on >= d.last_usage_here) IS NOT TRUE
""",
)

INVARIANTS = (BALANCES_EQUAL_LEDGER, NUMBERING, BALANCE_AFTER, SPENT_TODAY)
