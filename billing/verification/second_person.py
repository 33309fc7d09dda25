"""What staff move above the limit was approved by somebody else (PAGES.md, 'Staff', Actions), from the ledger's side.

The limit is the one that held at the moment of the transaction (`billing_approvallimit`); what was done before a limit
was set is not judged.
"""

from __future__ import annotations

from billing.verification.invariant import Invariant

NOBODY_ALONE_ABOVE_THE_LIMIT = Invariant(
    "nobody_alone_above_the_limit",
    "Within 24 hours nobody gives, takes or refunds more on a wallet than one person may, but with a second one's "
    "approval.",
    """
WITH alone AS (
  SELECT x.id, x.wallet_id, x.number, x.actor_id, x.created_at, a.product_id, x.amount,
         sum(abs(x.amount)) OVER (PARTITION BY x.wallet_id, x.actor_id, x.kind = 'refund', x.amount > 0
                                      ORDER BY x.created_at
                                      RANGE BETWEEN INTERVAL '24 hours' PRECEDING AND CURRENT ROW) AS together
    FROM billing_transaction x
    JOIN billing_wallet w ON w.id = x.wallet_id
    JOIN organizations_account a ON a.id = w.account_id
   WHERE x.actor_id IS NOT NULL AND x.kind IN ('adjustment', 'promo', 'credit', 'refund')
     AND NOT EXISTS (SELECT FROM billing_approval p
                      WHERE p.wallet_id = x.wallet_id AND p.transaction_key = regexp_replace(x.key, ':tax$', '')
                        AND p.status = 'approved' AND p.asked_by_id = x.actor_id AND p.decided_by_id <> x.actor_id
                        AND (p.amount = x.amount OR p.key LIKE 'credit_note:%' AND x.kind = 'credit'))
)
SELECT s.id AS transaction_id, s.wallet_id, s.number, s.actor_id, s.amount, s.together, l."limit"
  FROM alone s
  JOIN LATERAL (SELECT h."limit" FROM billing_approvallimit h
                 WHERE h.product_id = s.product_id AND h.since <= s.created_at
                 ORDER BY h.since DESC, h.id DESC LIMIT 1) l ON s.together > l."limit"
""",
)

APPROVALS_ARE_DONE = Invariant(
    "approvals_are_done",
    "What was approved is one deed, of the amount that was asked for and in the asker's name; nothing else is.",
    """
SELECT p.id AS approval_id, p.wallet_id, p.status, p.amount, p.transaction_key,
       x.amount + coalesce(tax.amount, 0) AS moved
  FROM billing_approval p
  LEFT JOIN billing_transaction x ON x.wallet_id = p.wallet_id AND x.key = p.transaction_key
  LEFT JOIN billing_transaction tax ON p.key LIKE 'credit_note:%' AND tax.wallet_id = p.wallet_id
                                   AND tax.key = p.transaction_key || ':tax'
 WHERE CASE WHEN p.status = 'approved'
            THEN (x.amount + coalesce(tax.amount, 0) = p.amount AND x.actor_id = p.asked_by_id
                  AND p.decided_by_id <> p.asked_by_id
                  AND x.kind = CASE WHEN p.kind = 'adjustment' AND p.key LIKE 'credit_note:%' THEN 'credit'
                                    WHEN p.kind IN ('adjustment', 'promo') THEN p.kind ELSE 'refund' END) IS NOT TRUE
            ELSE p.transaction_key <> '' END
""",
)

LIMITS_ARE_KEPT = Invariant(
    "approval_limits_are_kept",
    "The last limit that was noted of a product is the one of its terms.",
    """
SELECT t.product_id, t.approval_limit, l."limit" AS noted
  FROM billing_productterms t
  LEFT JOIN LATERAL (SELECT h."limit" FROM billing_approvallimit h WHERE h.product_id = t.product_id
                      ORDER BY h.since DESC, h.id DESC LIMIT 1) l ON true
 WHERE t.approval_limit IS DISTINCT FROM l."limit"
""",
)

INVARIANTS = (NOBODY_ALONE_ABOVE_THE_LIMIT, APPROVALS_ARE_DONE, LIMITS_ARE_KEPT)
