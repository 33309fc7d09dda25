"""A coupon is redeemed once per account and never past its limit (DESIGN.md, 'What must always be true', 12)."""

from __future__ import annotations

from billing.verification.invariant import Invariant

COUPONS_WITHIN_LIMIT = Invariant(
    "coupons_within_limit",
    "A code's count is the number of its redemptions and within its limit; a batch is redeemed once per account.",
    """
SELECT 'coupon' AS found, c.id, c.redeemed, c."limit", coalesce(r.redemptions, 0) AS redemptions
  FROM billing_coupon c
  LEFT JOIN (SELECT coupon_id, count(*) AS redemptions FROM billing_couponredemption GROUP BY coupon_id) r
         ON r.coupon_id = c.id
 WHERE c.redeemed <> coalesce(r.redemptions, 0) OR c.redeemed > c."limit"
UNION ALL
SELECT 'wallet', wallet_id, NULL, NULL, count(*) FROM billing_couponredemption
 GROUP BY wallet_id, batch_id HAVING count(*) > 1
""",
)

REDEMPTIONS_ARE_PROMO = Invariant(
    "redemptions_are_promo",
    "Each redemption is one promo lot of its batch's amount, by one transaction of its key, and the other way round.",
    """
SELECT r.id AS redemption_id, coalesce(r.wallet_id, x.wallet_id) AS wallet_id, x.id AS transaction_id,
       b.amount AS worth, x.amount, g.kind
  FROM billing_couponredemption r
  JOIN billing_couponbatch b ON b.id = r.batch_id
  JOIN billing_coupon c ON c.id = r.coupon_id
  LEFT JOIN billing_grant g ON g.id = r.grant_id
  FULL JOIN (SELECT * FROM billing_transaction WHERE kind = 'coupon') x
         ON x.wallet_id = r.wallet_id AND x.key = 'coupon:' || r.batch_id
 WHERE (c.batch_id = r.batch_id AND g.wallet_id = r.wallet_id AND g.kind = 'promo' AND g.amount = x.amount
        AND x.amount = b.amount
        AND EXISTS (SELECT FROM billing_transfer t WHERE t.transaction_id = x.id AND t.grant_id = r.grant_id)
       ) IS NOT TRUE
""",
)

INVARIANTS = (COUPONS_WITHIN_LIMIT, REDEMPTIONS_ARE_PROMO)
