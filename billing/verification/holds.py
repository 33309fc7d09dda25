"""What a wallet reserves is what its active holds say, and every hold ends."""

from __future__ import annotations

from billing.verification.invariant import Invariant

HELD_EQUALS_HOLDS = Invariant(
    "held_equals_holds",
    "What a wallet holds is the sum and the number of its active holds.",
    """
SELECT w.id AS wallet_id, w.held, coalesce(h.amount, 0) AS holds, w.held_calls, coalesce(h.calls, 0) AS calls
  FROM billing_wallet w
  LEFT JOIN (SELECT wallet_id, sum(amount) AS amount, count(*) FILTER (WHERE NOT is_simulated) AS calls
               FROM billing_hold WHERE status = 'active'
              GROUP BY wallet_id) h ON h.wallet_id = w.id
 WHERE (w.held, w.held_calls) <> (coalesce(h.amount, 0), coalesce(h.calls, 0))
""",
)

# The grace is for the sweep, which runs every fifteen seconds.
HOLDS_END = Invariant(
    "holds_end",
    "No hold is active more than ten minutes past its expiry, and none that ended lacks the moment of its end.",
    """
SELECT id AS hold_id, wallet_id, call_id, status, expires_at, ended_at FROM billing_hold
 WHERE (status = 'active' AND expires_at < now() - interval '10 minutes')
    OR (status = 'active') <> (ended_at IS NULL)
""",
)

INVARIANTS = (HELD_EQUALS_HOLDS, HOLDS_END)
