"""Roll-ups say what the transactions say that they sum."""

from __future__ import annotations

from billing.verification.invariant import Invariant

# By day, as an account's timezone may change and the hour of an old transaction with it.
MOVEMENTS_EQUAL_TRANSACTIONS = Invariant(
    "movements_equal_transactions",
    "The hourly movements of a day add up to its transactions, per kind and project.",
    """
SELECT x.wallet_id, x.day, x.kind, x.project_id, x.count, m.count AS movement_count, x.amount,
       m.amount AS movement_amount, x.first, m.first AS movement_first, x.last, m.last AS movement_last
  FROM (SELECT wallet_id, day, kind, coalesce(project_id, 0) AS project_id, currency, count(*) AS count,
               sum(amount) AS amount, min(number) AS first, max(number) AS last
          FROM billing_transaction GROUP BY 1, 2, 3, 4, 5) x
  FULL JOIN (SELECT wallet_id, day, kind, coalesce(project_id, 0) AS project_id, currency, sum(count) AS count,
                    sum(amount) AS amount, min(first_number) AS first, max(last_number) AS last
               FROM billing_hourlymovement GROUP BY 1, 2, 3, 4, 5) m
       USING (wallet_id, day, kind, project_id, currency)
 WHERE (x.count, x.amount, x.first, x.last) IS DISTINCT FROM (m.count, m.amount, m.first, m.last)
""",
)

MOVEMENTS_END_WITH_A_TRANSACTION = Invariant(
    "movements_end_with_a_transaction",
    "An hourly movement carries time and balance of the last transaction that it counts.",
    """
SELECT m.id AS movement_id, m.wallet_id, m.day, m.hour, m.kind, m.last_number, m.last_at, m.balance_after,
       x.created_at, x.balance_after AS transaction_balance
  FROM billing_hourlymovement m
  LEFT JOIN billing_transaction x ON x.wallet_id = m.wallet_id AND x.number = m.last_number
 WHERE (x.kind, x.day, x.created_at, x.balance_after, coalesce(x.project_id, 0))
       IS DISTINCT FROM (m.kind, m.day, m.last_at, m.balance_after, coalesce(m.project_id, 0))
    OR m.hour > 23
""",
)

INVARIANTS = (MOVEMENTS_EQUAL_TRANSACTIONS, MOVEMENTS_END_WITH_A_TRANSACTION)
