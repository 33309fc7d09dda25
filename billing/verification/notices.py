"""Money that moved is told of once, and to nobody else (DESIGN.md, 'What must always be true', 14 and 16)."""

from __future__ import annotations

from billing.verification.invariant import Invariant

HAPPENED = """
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
"""
# What happened before there were notices was told by letters of the time.
SINCE = "(SELECT applied FROM django_migrations WHERE app = 'notifications' AND name = '0003_alerts')"

MONEY_IS_TOLD_OF = Invariant(
    "money_is_told_of",
    "Each top-up, payment of a subscription, coupon, refund and dispute is in the outbox once, to its account.",
    f"""
SELECT h.wallet_id, h.key, h.event, n.id AS notice_id, n.event AS told_as, n.account_id
  FROM ({HAPPENED}) h
  LEFT JOIN billing_wallet w ON w.id = h.wallet_id
  LEFT JOIN notifications_notice n ON n.key = h.key
 WHERE h.happened_at > {SINCE}
   AND (n.event = h.event AND n.account_id = w.account_id AND n.audience = 'everyone') IS NOT TRUE
""",
)

# A dispute's first claw-back alone is news: what follows another dispute or a failed refund is told with that one.
MOVEMENTS_ARE_TOLD_OF = Invariant(
    "movements_are_told_of",
    "What a refund or a dispute took from the balance, or gave back to it, is in the outbox, to its account.",
    f"""
WITH moved AS (
  SELECT t.wallet_id, t.number, t.kind, t.key,
         CASE t.kind WHEN 'refund' THEN ARRAY[t.key || ':approved', t.key || ':succeeded']
                     WHEN 'dispute' THEN ARRAY[t.key || ':opened', t.key || ':lost']
                     WHEN 'refund_back' THEN ARRAY['refund:' || split_part(t.key, ':', 2) || ':failed']
                     ELSE ARRAY['dispute:' || split_part(t.key, ':', 2) || ':won'] END AS told_as
    FROM billing_transaction t
   WHERE t.kind IN ('refund', 'refund_back', 'dispute', 'reinstated') AND t.key ~ '^[a-z_]+:[0-9]+$'
     AND t.created_at > {SINCE}
)
SELECT m.wallet_id, m.number, m.kind, m.key
  FROM moved m LEFT JOIN billing_wallet w ON w.id = m.wallet_id
 WHERE NOT EXISTS (SELECT FROM notifications_notice n
                    WHERE n.key = ANY(m.told_as) AND n.account_id = w.account_id AND n.audience = 'everyone'
                      AND n.event = CASE WHEN m.kind LIKE 'refund%' THEN 'refund' ELSE 'dispute' END)
""",
)

# Every key under which one of these may have been told, the states included that it has left since.
TELLABLE = f"""
SELECT h.wallet_id, h.key FROM ({HAPPENED}) h
UNION SELECT wallet_id, 'refund_request:' || request FROM billing_refund
UNION SELECT r.wallet_id, 'refund:' || r.id || ':' || state
        FROM billing_refund r, unnest(ARRAY['approved', 'succeeded']) AS state
UNION SELECT d.wallet_id, 'dispute:' || d.id || ':' || state
        FROM billing_dispute d, unnest(ARRAY['opened', 'lost', d.status]) AS state
"""

WHAT_IS_TOLD_OF_HAPPENED = Invariant(
    "what_is_told_of_happened",
    "Nobody is told of a top-up, a coupon, a refund or a dispute that there is not, or twice of one.",
    f"""
SELECT n.id AS notice_id, n.account_id, n.event, n.key
  FROM notifications_notice n
 WHERE n.event IN ('topped_up', 'auto_top_up_done', 'coupon_redeemed', 'refund', 'dispute')
   AND NOT EXISTS (SELECT FROM ({TELLABLE}) t JOIN billing_wallet w ON w.id = t.wallet_id
                    WHERE t.key = n.key AND w.account_id = n.account_id)
""",
)

DELIVERIES_STAY_IN_THEIR_ACCOUNT = Invariant(
    "deliveries_stay_in_their_account",
    "What is told of an account goes to its own chats and addresses, and to endpoints of its product's services.",
    """
SELECT d.id AS delivery_id, d.notice_id, d.channel, d.account_id, n.account_id AS told_of
  FROM notifications_delivery d
  JOIN notifications_notice n ON n.id = d.notice_id
  LEFT JOIN organizations_account a ON a.id = n.account_id
  LEFT JOIN notifications_telegramlink l ON l.id = d.telegram_id
  LEFT JOIN notifications_webhookendpoint e ON e.id = d.endpoint_id
  LEFT JOIN organizations_service s ON s.id = e.service_id
 WHERE d.account_id IS DISTINCT FROM n.account_id
    OR (d.channel = 'telegram' AND l.account_id IS DISTINCT FROM n.account_id)
    OR (d.channel = 'webhook' AND s.product_id IS DISTINCT FROM a.product_id)
""",
)

INVARIANTS = (
    MONEY_IS_TOLD_OF,
    MOVEMENTS_ARE_TOLD_OF,
    WHAT_IS_TOLD_OF_HAPPENED,
    DELIVERIES_STAY_IN_THEIR_ACCOUNT,
)
