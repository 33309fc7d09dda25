"""Automatic top-ups: one at a time, never after three failures in a row, never past the month's ceiling.

DESIGN.md, 'What must always be true', 11.
"""

from __future__ import annotations

from billing.verification.invariant import Invariant

ONE_AUTOMATIC_IN_FLIGHT = Invariant(
    "one_automatic_in_flight",
    "At most one automatic top-up of a wallet is in flight, an unknown outcome counting as in flight.",
    """
SELECT wallet_id, count(*) AS in_flight, min(id) AS first_top_up_id, max(id) AS last_top_up_id
  FROM billing_topup
 WHERE origin = 'auto' AND status IN ('created', 'pending', 'requires_action', 'unknown')
 GROUP BY wallet_id HAVING count(*) > 1
""",
)

# A member's own retry has an author. What came before the rule was last turned on is forgiven.
NONE_AFTER_THREE_FAILURES = Invariant(
    "none_after_three_failures",
    "No automatic top-up begins by itself after three consecutive failures, until a member turns the rule on again.",
    """
SELECT t.id AS top_up_id, t.wallet_id, t.created_at, t.failures, r.agreed_at
  FROM (SELECT id, wallet_id, created_at, created_by_id,
               count(*) FILTER (WHERE status IN ('failed', 'expired')) OVER earlier AS failures,
               min(finished_at) OVER earlier AS first_failed_at, max(finished_at) OVER earlier AS last_failed_at
          FROM billing_topup WHERE origin = 'auto'
        WINDOW earlier AS (PARTITION BY wallet_id ORDER BY id ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING)) t
  LEFT JOIN billing_autotopup r ON r.wallet_id = t.wallet_id
 WHERE t.failures = 3 AND t.created_by_id IS NULL AND t.last_failed_at <= t.created_at
   AND (r.agreed_at IS NULL OR r.agreed_at < t.first_failed_at)
""",
)

CEILINGS_HOLD = Invariant(
    "ceilings_hold",
    "Automatic top-ups of a month that succeeded or may yet are within the ceiling that each began under.",
    """
SELECT id AS top_up_id, wallet_id, month, amount, ceiling, so_far
  FROM (SELECT id, wallet_id, month, amount, ceiling,
               sum(amount) OVER (PARTITION BY wallet_id, month ORDER BY id) AS so_far
          FROM billing_topup WHERE origin = 'auto' AND status NOT IN ('failed', 'expired')) t
 WHERE so_far > ceiling OR month IS NULL
""",
)

RULES_ARE_ARMED = Invariant(
    "rules_are_armed",
    "A wallet rings below the threshold of its rule while that is on, waits for nothing, and nothing is in flight.",
    """
SELECT w.id AS wallet_id, w.auto_top_up_below, r.status, r.threshold, r.next_attempt_at, f.wallet_id AS flying
  FROM billing_wallet w
  LEFT JOIN billing_autotopup r ON r.wallet_id = w.id
  LEFT JOIN (SELECT DISTINCT wallet_id FROM billing_topup
              WHERE origin = 'auto' AND status IN ('created', 'pending', 'requires_action', 'unknown')) f
         ON f.wallet_id = w.id
 WHERE w.auto_top_up_below IS DISTINCT FROM
       CASE WHEN r.status = 'on' AND r.next_attempt_at IS NULL AND f.wallet_id IS NULL THEN r.threshold END
    OR (r.wallet_id IS NOT NULL AND r.currency <> w.currency)
""",
)

INVARIANTS = (ONE_AUTOMATIC_IN_FLIGHT, NONE_AFTER_THREE_FAILURES, CEILINGS_HOLD, RULES_ARE_ARMED)
