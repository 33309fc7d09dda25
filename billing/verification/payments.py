"""One provider payment credits once: the right account, amount and currency, and nothing else credits as a top-up.

DESIGN.md, 'What must always be true', 10 and 14.
"""

from __future__ import annotations

from billing.verification.invariant import Invariant

# A subscription's payment fills an allotment, which has its own transaction: it has no lot and no number.
PAYMENTS_CREDIT_ONCE = Invariant(
    "payments_credit_once",
    "Each payment for a top-up or an invoice has one ledger transaction by its key: its wallet, amount, currency and "
    "paid lot.",
    """
SELECT p.id AS payment_id, p.wallet_id, p.provider, p.reference, p.amount, x.id AS transaction_id,
       x.amount AS credited, x.kind, p.transaction_number, x.number, p.grant_id, t.grant_id AS filled_grant_id
  FROM billing_payment p
  LEFT JOIN billing_transaction x
         ON x.wallet_id = p.wallet_id AND x.key = left('payment:' || p.provider || ':' || p.reference, 120)
  LEFT JOIN billing_transfer t
         ON t.transaction_id = x.id AND t.source_id % 16 = 6 AND t.target_id % 16 = 1
  LEFT JOIN billing_topup u ON u.id = p.top_up_id
  LEFT JOIN billing_grant g ON g.id = p.grant_id
 WHERE p.subscription_id IS NULL
   AND (x.amount = p.amount AND x.currency = p.currency AND x.number = p.transaction_number
        AND x.kind = CASE WHEN p.period_id IS NOT NULL THEN 'payment'
                          WHEN u.origin = 'auto' THEN 'auto_top_up' ELSE 'top_up' END
        AND t.amount = p.amount AND t.grant_id = p.grant_id
        AND g.kind = 'paid' AND g.wallet_id = p.wallet_id AND g.amount = p.amount) IS NOT TRUE
""",
)

CREDITS_HAVE_PAYMENTS = Invariant(
    "credits_have_payments",
    "Nothing is credited as a top-up or an invoice's payment without the payment that its key names.",
    """
SELECT x.id AS transaction_id, x.wallet_id, x.number, x.kind, x.key, x.amount
  FROM billing_transaction x
 WHERE x.kind IN ('top_up', 'auto_top_up', 'payment')
   AND NOT EXISTS (SELECT FROM billing_payment p WHERE p.wallet_id = x.wallet_id AND p.transaction_number = x.number
                      AND left('payment:' || p.provider || ':' || p.reference, 120) = x.key)
""",
)

TOP_UPS_ARE_PAID = Invariant(
    "top_ups_are_paid",
    "A top-up has succeeded when payments cover its amount, and not before; they are in what it was to be paid in.",
    """
SELECT u.id AS top_up_id, u.wallet_id, u.status, u.amount, p.amount AS paid, p.foreign_payments
  FROM billing_topup u
  LEFT JOIN (SELECT p.top_up_id, sum(p.amount) AS amount,
                    count(*) FILTER (WHERE p.provider <> t.provider OR p.charge_currency <> t.charge_currency
                                        OR p.price_currency <> t.price_currency) AS foreign_payments
               FROM billing_payment p JOIN billing_topup t ON t.id = p.top_up_id
              GROUP BY p.top_up_id) p ON p.top_up_id = u.id
 WHERE (u.status = 'succeeded') <> (coalesce(p.amount, 0) >= u.amount) OR p.foreign_payments > 0
""",
)

MONEY_STAYS_IN_ITS_ACCOUNT = Invariant(
    "money_stays_in_its_account",
    "Top-ups, payments, refunds, disputes, subscriptions and coupons name rows of their own account and product only.",
    """
SELECT 'top_up' AS found, u.id, u.wallet_id
  FROM billing_topup u JOIN billing_wallet w ON w.id = u.wallet_id
  LEFT JOIN organizations_organization o ON o.id = u.organization_id
  LEFT JOIN billing_card c ON c.id = u.card_id
 WHERE (u.organization_id IS NOT NULL AND o.account_id IS DISTINCT FROM w.account_id)
    OR (u.card_id IS NOT NULL AND c.wallet_id IS DISTINCT FROM u.wallet_id) OR u.currency <> w.currency
UNION ALL
SELECT 'payment', p.id, p.wallet_id
  FROM billing_payment p JOIN billing_wallet w ON w.id = p.wallet_id
  LEFT JOIN billing_topup u ON u.id = p.top_up_id LEFT JOIN billing_subscription s ON s.id = p.subscription_id
  LEFT JOIN billing_billingperiod b ON b.id = p.period_id
 WHERE coalesce(u.wallet_id, s.wallet_id, b.wallet_id) IS DISTINCT FROM p.wallet_id OR p.currency <> w.currency
UNION ALL
SELECT 'refund', r.id, r.wallet_id FROM billing_refund r LEFT JOIN billing_payment p ON p.id = r.payment_id
 WHERE (p.wallet_id = r.wallet_id AND p.currency = r.currency) IS NOT TRUE
UNION ALL
SELECT 'dispute', d.id, d.wallet_id FROM billing_dispute d LEFT JOIN billing_payment p ON p.id = d.payment_id
 WHERE (p.wallet_id = d.wallet_id AND p.currency = d.currency) IS NOT TRUE
UNION ALL
SELECT 'subscription', s.id, s.wallet_id
  FROM billing_subscription s JOIN billing_wallet w ON w.id = s.wallet_id
  JOIN organizations_account a ON a.id = w.account_id LEFT JOIN billing_plan l ON l.id = s.plan_id
 WHERE (l.product_id = a.product_id AND s.currency = w.currency) IS NOT TRUE
UNION ALL
SELECT 'redemption', r.id, r.wallet_id
  FROM billing_couponredemption r JOIN billing_wallet w ON w.id = r.wallet_id
  JOIN organizations_account a ON a.id = w.account_id LEFT JOIN billing_couponbatch b ON b.id = r.batch_id
 WHERE (b.product_id = a.product_id AND b.currency = w.currency) IS NOT TRUE
""",
)

INVARIANTS = (PAYMENTS_CREDIT_ONCE, CREDITS_HAVE_PAYMENTS, TOP_UPS_ARE_PAID, MONEY_STAYS_IN_ITS_ACCOUNT)
