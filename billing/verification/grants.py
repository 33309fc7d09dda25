"""Grants are what the transfers that name them say, are spent in their order, and expire."""

from __future__ import annotations

from billing.verification.invariant import Invariant

# A grant's kind is the kind of the ledger account that it lies in.
BALANCES_EQUAL_GRANTS = Invariant(
    "balances_equal_grants",
    "A wallet's paid, promo and allotment balances are what remains of its grants of that kind.",
    """
SELECT w.id AS wallet_id, w.paid, g.paid AS paid_grants, w.promo, g.promo AS promo_grants, w.allotment,
       g.allotment AS allotment_grants
  FROM billing_wallet w
  LEFT JOIN (SELECT wallet_id, sum(remaining) FILTER (WHERE kind = 'paid') AS paid,
                    sum(remaining) FILTER (WHERE kind = 'promo') AS promo,
                    sum(remaining) FILTER (WHERE kind = 'allotment') AS allotment
               FROM billing_grant GROUP BY wallet_id) g ON g.wallet_id = w.id
 WHERE (w.paid, w.promo, w.allotment) <> (coalesce(g.paid, 0), coalesce(g.promo, 0), coalesce(g.allotment, 0))
""",
)

# What comes from revenue or from disputed payments is a reversal, which refills a grant, as what comes from clearing is
# where a refund returns; all else that flows into one is its gift.
GRANTS_EQUAL_TRANSFERS = Invariant(
    "grants_equal_transfers",
    "A grant was given what its transfers gave it, and what remains is what flowed in less what flowed out.",
    """
SELECT g.id AS grant_id, g.wallet_id, g.kind, g.amount, t.given, g.remaining, t.remaining AS ledger_remaining
  FROM billing_grant g
  LEFT JOIN (SELECT grant_id,
                    sum(credit) FILTER (WHERE source_kind NOT IN (5, 11) AND NOT (source_kind = 6 AND back)) AS given,
                    sum(credit - debit) AS remaining
               FROM (SELECT grant_id, source_id % 16 AS source_kind,
                            transaction_id IN (SELECT id FROM billing_transaction WHERE kind = 'refund_back') AS back,
                            CASE WHEN target_id % 16 <= 3 THEN amount ELSE 0 END AS credit,
                            CASE WHEN source_id % 16 <= 3 THEN amount ELSE 0 END AS debit
                       FROM billing_transfer WHERE grant_id IS NOT NULL) e
              GROUP BY grant_id) t ON t.grant_id = g.id
 WHERE (g.amount = t.given AND g.remaining = t.remaining) IS NOT TRUE
""",
)

BALANCES_MOVE_WITH_GRANTS = Invariant(
    "balances_move_with_grants",
    "A transfer into or out of a paid, promo or allotment account names a grant of that kind; no other names one.",
    """
SELECT t.id AS transfer_id, t.transaction_id, t.wallet_id, t.source_id, t.target_id, t.grant_id, g.kind
  FROM billing_transfer t LEFT JOIN billing_grant g ON g.id = t.grant_id AND g.wallet_id = t.wallet_id
 WHERE CASE WHEN t.source_id % 16 <= 3 AND t.target_id % 16 <= 3 THEN true
            WHEN t.source_id % 16 > 3 AND t.target_id % 16 > 3 THEN t.grant_id IS NOT NULL
            ELSE (least(t.source_id % 16, t.target_id % 16)
                  = CASE g.kind WHEN 'paid' THEN 1 WHEN 'promo' THEN 2 WHEN 'allotment' THEN 3 END) IS NOT TRUE
       END
""",
)

GRANTS_IN_BOUNDS = Invariant(
    "grants_in_bounds",
    "No grant is below zero or above what it was given; paid money never expires and is spent last.",
    """
SELECT id AS grant_id, wallet_id, kind, priority, amount, remaining, expires_at FROM billing_grant
 WHERE (remaining BETWEEN 0 AND amount AND amount > 0
        AND (kind = 'paid') = (priority = 100) AND priority <= 100
        AND (kind <> 'paid' OR expires_at IS NULL)) IS NOT TRUE
""",
)

# Read from the ledger itself: what the other accounts held right after a transaction that went past them.
PAID_IS_SPENT_LAST = Invariant(
    "paid_is_spent_last",
    "Usage takes paid money only when no promo or allotment is left, and debt only when no paid money is left.",
    """
SELECT transaction_id, wallet_id, number, free_left, paid_left
  FROM (SELECT x.id AS transaction_id, x.wallet_id, x.number, x.kind, t.takes_paid, t.takes_debt,
               sum(t.free) OVER so_far AS free_left, sum(t.paid) OVER so_far AS paid_left
          FROM billing_transaction x
          JOIN (SELECT transaction_id,
                       coalesce(sum(credit - debit) FILTER (WHERE kind IN (2, 3)), 0) AS free,
                       coalesce(sum(credit - debit) FILTER (WHERE kind = 1), 0) AS paid,
                       bool_or(kind = 1 AND debit > 0) AS takes_paid,
                       bool_or(kind = 4 AND debit > 0) AS takes_debt
                  FROM billing_entry GROUP BY transaction_id) t ON t.transaction_id = x.id
        WINDOW so_far AS (PARTITION BY x.wallet_id ORDER BY x.number ROWS UNBOUNDED PRECEDING)) x
 WHERE kind IN ('call', 'chat', 'crawl', 'llm')
   AND (((takes_paid OR takes_debt) AND free_left <> 0) OR (takes_debt AND paid_left <> 0))
""",
)

# The grace is for the sweep, which runs every minute.
CREDIT_EXPIRES = Invariant(
    "credit_expires",
    "A wallet knows when its next grant expires, and expired credit is withdrawn within ten minutes.",
    """
SELECT w.id AS wallet_id, w.next_expiry_at, min(g.expires_at) AS first_expiry
  FROM billing_wallet w JOIN billing_grant g ON g.wallet_id = w.id AND g.remaining > 0 AND g.expires_at IS NOT NULL
 GROUP BY w.id
HAVING w.next_expiry_at IS NULL OR w.next_expiry_at > min(g.expires_at)
    OR min(g.expires_at) < now() - interval '10 minutes'
""",
)

INVARIANTS = (
    BALANCES_EQUAL_GRANTS,
    GRANTS_EQUAL_TRANSFERS,
    BALANCES_MOVE_WITH_GRANTS,
    GRANTS_IN_BOUNDS,
    PAID_IS_SPENT_LAST,
    CREDIT_EXPIRES,
)
