"""Refunds go back to their payment and never beyond it, failures return once; disputes take and give back exactly.

DESIGN.md, 'What must always be true', 7 and 13.
"""

from __future__ import annotations

from billing.verification.invariant import Invariant

REFUNDS_WITHIN_PAYMENT = Invariant(
    "refunds_within_payment",
    "The refunds of a payment that are approved, on their way or done never exceed it, in any of its currencies.",
    """
SELECT p.id AS payment_id, p.wallet_id, p.amount, r.amount AS refunded, p.charge_amount,
       r.charge_amount AS charge_refunded, p.total, r.total AS total_refunded
  FROM billing_payment p
  JOIN (SELECT payment_id, sum(amount) AS amount, sum(charge_amount) AS charge_amount, sum(total) AS total,
               sum(tax) AS tax
          FROM billing_refund WHERE status IN ('approved', 'submitted', 'succeeded') GROUP BY payment_id) r
       ON r.payment_id = p.id
 WHERE r.amount > p.amount OR r.charge_amount > p.charge_amount OR r.total > p.total OR r.tax > p.tax
""",
)

REFUNDS_ARE_RESERVED = Invariant(
    "refunds_are_reserved",
    "A refund left the wallet once, out of its payment's own lot, when it was approved; a failed one came back once.",
    """
SELECT r.id AS refund_id, r.wallet_id, r.status, r.amount, x.amount AS taken, b.amount AS returned
  FROM billing_refund r
  JOIN billing_payment p ON p.id = r.payment_id
  LEFT JOIN billing_transaction x ON x.wallet_id = r.wallet_id AND x.key = 'refund:' || r.id
  LEFT JOIN billing_transaction b ON b.wallet_id = r.wallet_id AND b.key = 'refund_back:' || r.id
 WHERE CASE WHEN r.status IN ('requested', 'declined') THEN x.id IS NOT NULL OR b.id IS NOT NULL
            ELSE (x.kind = 'refund' AND x.amount = -r.amount
                  AND CASE WHEN r.status = 'failed' THEN (b.kind = 'refund_back' AND b.amount = r.amount
                                                          AND b.number > x.number) IS TRUE
                           ELSE b.id IS NULL END
                  AND (SELECT sum(t.amount) FROM billing_transfer t
                        WHERE t.transaction_id = x.id AND t.source_id % 16 = 1 AND t.target_id % 16 = 6
                          AND t.grant_id = p.grant_id) = r.amount) IS NOT TRUE
       END
""",
)

REFUND_MOVEMENTS_HAVE_REFUNDS = Invariant(
    "refund_movements_have_refunds",
    "Nothing leaves a wallet as a refund, or comes back from one, without the refund that its key names.",
    """
SELECT x.id AS transaction_id, x.wallet_id, x.number, x.kind, x.key
  FROM billing_transaction x
  LEFT JOIN billing_refund r ON r.wallet_id = x.wallet_id
        AND x.key = CASE x.kind WHEN 'refund' THEN 'refund:' ELSE 'refund_back:' END || r.id
 WHERE x.kind IN ('refund', 'refund_back') AND r.id IS NULL
""",
)

# A dispute takes its share less what was refunded; a refund that failed afterwards makes it take the rest.
DISPUTES_ARE_CLAWED_BACK = Invariant(
    "disputes_are_clawed_back",
    "A dispute that is open or lost holds its share of the payment, less what was refunded and what others hold of it; "
    "one that was won, nothing.",
    """
WITH moved AS (
  SELECT d.id, d.payment_id, coalesce(sum(-x.amount) FILTER (WHERE x.kind = 'dispute'), 0) AS taken,
         coalesce(sum(x.amount) FILTER (WHERE x.kind = 'reinstated'), 0) AS returned
    FROM billing_dispute d
    LEFT JOIN billing_transaction x ON x.wallet_id = d.wallet_id
         AND (x.key IN ('dispute:' || d.id, 'reinstated:' || d.id) OR x.key LIKE 'dispute:' || d.id || ':%')
   GROUP BY d.id, d.payment_id
)
SELECT d.id AS dispute_id, d.wallet_id, d.status, d.amount, m.taken, m.returned, r.amount AS refunded
  FROM billing_dispute d
  JOIN moved m ON m.id = d.id
  JOIN billing_payment p ON p.id = d.payment_id
  LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM billing_refund
              WHERE status IN ('approved', 'submitted', 'succeeded') GROUP BY payment_id) r ON r.payment_id = p.id
 WHERE CASE WHEN p.grant_id IS NULL THEN m.taken <> 0 OR m.returned <> 0
            WHEN d.status IN ('opened', 'lost')
            THEN m.returned <> 0 OR m.taken > d.amount
                 OR m.taken < least(d.amount, p.amount - coalesce(r.amount, 0)
                                              - (SELECT coalesce(sum(o.taken - o.returned), 0) FROM moved o
                                                  WHERE o.payment_id = d.payment_id AND o.id <> d.id))
            WHEN d.status = 'won' THEN m.taken <> m.returned
            ELSE m.taken <> 0 OR m.returned <> 0 END
""",
)

DISPUTE_MOVEMENTS_HAVE_DISPUTES = Invariant(
    "dispute_movements_have_disputes",
    "Nothing is taken from or returned to a wallet by a dispute that is not there.",
    """
SELECT x.id AS transaction_id, x.wallet_id, x.number, x.kind, x.key
  FROM billing_transaction x
  LEFT JOIN billing_dispute d ON d.wallet_id = x.wallet_id AND d.id::text = split_part(x.key, ':', 2)
        AND split_part(x.key, ':', 1) = x.kind
 WHERE x.kind IN ('dispute', 'reinstated') AND d.id IS NULL
""",
)

INVARIANTS = (
    REFUNDS_WITHIN_PAYMENT,
    REFUNDS_ARE_RESERVED,
    REFUND_MOVEMENTS_HAVE_REFUNDS,
    DISPUTES_ARE_CLAWED_BACK,
    DISPUTE_MOVEMENTS_HAVE_DISPUTES,
)
