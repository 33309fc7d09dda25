"""Money that moved is told of once (DESIGN.md, 'What must always be true', 16)."""

from __future__ import annotations

from billing.verification.invariant import Invariant

# What happened before there were notices was told by letters of the time.
HAPPENED = """
SELECT h.* FROM (
  SELECT p.wallet_id, 'payment:' || p.id || ':confirmation' AS key,
         CASE u.origin WHEN 'auto' THEN 'auto_top_up_done' ELSE 'topped_up' END AS event, p.created_at AS happened_at
    FROM billing_payment p JOIN billing_topup u ON u.id = p.top_up_id
  UNION ALL
  SELECT wallet_id, 'subscription:' || subscription_id || ':paid:' || id, 'subscription', created_at
    FROM billing_payment WHERE subscription_id IS NOT NULL
  UNION ALL
  SELECT wallet_id, 'coupon_redemption:' || id, 'coupon_redeemed', created_at FROM billing_couponredemption
  UNION ALL
  SELECT wallet_id, 'refund:' || id || ':' || status, 'refund', finished_at
    FROM billing_refund r
   WHERE status IN ('succeeded', 'failed', 'declined')
     AND NOT (status = 'declined' AND EXISTS (  -- staff refund another amount in its place: that one is told of
         SELECT FROM billing_refund o WHERE o.request = r.request AND o.payment_id = r.payment_id AND o.id > r.id))
  UNION ALL
  SELECT wallet_id, 'dispute:' || id || ':' || status, 'dispute', coalesce(closed_at, opened_at)
    FROM billing_dispute WHERE status IN ('opened', 'lost')
) h WHERE h.happened_at > (SELECT applied FROM django_migrations
                            WHERE app = 'notifications' AND name = '0003_alerts')
"""

MONEY_IS_TOLD_OF = Invariant(
    "money_is_told_of",
    "Each top-up, payment of a subscription, coupon, refund and dispute is in the outbox once, to its account.",
    f"""
SELECT h.wallet_id, h.key, h.event, n.id AS notice_id, n.event AS told_as, n.account_id
  FROM ({HAPPENED}) h
  LEFT JOIN billing_wallet w ON w.id = h.wallet_id
  LEFT JOIN notifications_notice n ON n.key = h.key
 WHERE (n.event = h.event AND n.account_id = w.account_id AND n.audience = 'everyone') IS NOT TRUE
""",
)

TOP_UPS_TOLD_OF_ARE_PAID = Invariant(
    "top_ups_told_of_are_paid",
    "Nobody is told of a top-up that no payment brought, or twice of one.",
    """
SELECT n.id AS notice_id, n.account_id, n.event, n.key
  FROM notifications_notice n
 WHERE n.event IN ('topped_up', 'auto_top_up_done')
   AND NOT EXISTS (SELECT FROM billing_payment p WHERE 'payment:' || p.id || ':confirmation' = n.key)
""",
)

INVARIANTS = (MONEY_IS_TOLD_OF, TOP_UPS_TOLD_OF_ARE_PAID)
