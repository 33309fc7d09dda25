"""What must always be true of postpay periods and the usage they invoice, registered with the ledger's invariants."""

from __future__ import annotations

from billing.verification.invariant import Invariant

# The rule of `billing.services.postpay.lines`, on every closed period at once. A charge counts in the period that it is
# of, its reversal there, too, if it came before the closing, else in the period that was closed next. Where reversals
# outweigh the charges there is no invoice, and all of it counts in the next period.
PERIODS_STATE_THEIR_USAGE = Invariant(
    "periods_state_their_usage",
    "A closed period states the usage that happened before its end and is on no earlier invoice, less its reversals.",
    """
WITH period AS (
  SELECT p.id, p.wallet_id, p.usage, p.since_number, p.last_number, p.ends_at,
         coalesce(b.last_number, p.since_number) AS before_number, b.ends_at AS before
    FROM billing_billingperiod p
    LEFT JOIN LATERAL (
      SELECT last_number, ends_at FROM billing_billingperiod e
       WHERE e.wallet_id = p.wallet_id AND e.since_number = p.since_number AND e.id < p.id
         AND e.last_number IS NOT NULL AND NOT (e.usage < 0 AND e.total = 0)
       ORDER BY e.id DESC LIMIT 1) b ON true
   WHERE p.last_number IS NOT NULL
), charge AS (
  SELECT x.wallet_id, x.number, -x.amount AS amount, e.occurred_at, v.number AS void_number
    FROM (SELECT DISTINCT wallet_id FROM period) p
    JOIN billing_transaction x ON x.wallet_id = p.wallet_id AND x.kind IN ('call', 'chat', 'crawl', 'llm')
    JOIN usage_usageevent e ON e.id = split_part(x.key, ':', 2)::bigint
    LEFT JOIN billing_transaction v ON v.wallet_id = x.wallet_id AND v.key = 'void:' || substr(x.key, 8)
), stated AS (
  SELECT p.id, p.wallet_id, p.usage,
         coalesce(sum(c.amount) FILTER (WHERE NOT i.is_earlier), 0)
         - coalesce(sum(c.amount) FILTER (WHERE c.void_number <= p.last_number
                                            AND (NOT i.is_earlier OR c.void_number > p.before_number)), 0) AS expected
    FROM period p
    LEFT JOIN charge c ON c.wallet_id = p.wallet_id AND c.number > p.since_number AND c.number <= p.last_number
         AND c.occurred_at < p.ends_at
   CROSS JOIN LATERAL (
     SELECT coalesce(c.number <= p.before_number AND c.occurred_at < p.before, false) AS is_earlier) i
   GROUP BY p.id, p.wallet_id, p.usage
)
SELECT id AS period_id, wallet_id, usage, expected FROM stated WHERE usage <> expected
""",
)

INVARIANTS = (PERIODS_STATE_THEIR_USAGE,)
