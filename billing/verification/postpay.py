"""Postpay: periods join, each has one invoice for what it states, and its tax is owed in the ledger.

That every charge is on one invoice is for usage to say (`usage.verification_of_periods`): billing knows no moments of
calls.
"""

from __future__ import annotations

from billing.verification.invariant import Invariant

# Who went back to prepaid and came again begins anew: then nothing was charged in what `since_number` began, or it is
# another one.
PERIODS_JOIN = Invariant(
    "periods_join",
    "A postpay account's periods follow each other without gap or overlap, and one runs until postpay is ended.",
    """
SELECT b.id AS period_id, b.wallet_id, b.starts_on, b.starts_at, b.ended_on, b.ended_at, b.last_number
  FROM (SELECT id, wallet_id, since_number, starts_on, starts_at, last_number, lag(ends_on) OVER earlier AS ended_on,
               lag(ends_at) OVER earlier AS ended_at, lag(last_number) OVER earlier AS ended_number
          FROM billing_billingperiod WINDOW earlier AS (PARTITION BY wallet_id, since_number ORDER BY id)) b
 WHERE b.starts_at < b.ended_at OR b.last_number < b.ended_number
    OR (b.ended_number > b.since_number AND (b.starts_at <> b.ended_at OR b.starts_on <> b.ended_on + 1))
UNION ALL
SELECT NULL, w.id, t.starts_on, NULL, t.ends_on, NULL, w.last_number
  FROM billing_wallet w JOIN billing_postpayterms t ON t.wallet_id = w.id
 WHERE w.mode = 'postpay'
   AND (t.ends_on IS NULL) <> EXISTS (
         SELECT FROM billing_billingperiod b WHERE b.wallet_id = w.id AND b.status = 'draft')
""",
)

PERIODS_HAVE_ONE_INVOICE = Invariant(
    "periods_have_one_invoice",
    "A closed period that states anything has one invoice, and one that states nothing has none.",
    """
SELECT b.id AS period_id, b.wallet_id, b.status, b.total, count(d.id) AS invoices
  FROM billing_billingperiod b LEFT JOIN billing_document d ON d.period_id = b.id AND d.kind = 'invoice'
 GROUP BY b.id HAVING count(d.id) <> CASE WHEN b.closed_at IS NOT NULL AND b.total > 0 THEN 1 ELSE 0 END
""",
)

INVOICES_ARE_PAID = Invariant(
    "invoices_are_paid",
    "An invoice is paid when all of it has come, and not before.",
    """
SELECT id AS period_id, wallet_id, status, total, settled FROM billing_billingperiod
 WHERE closed_at IS NOT NULL AND status NOT IN ('void', 'uncollectible')
   AND ((status = 'paid') <> (settled = total) OR (status = 'paid') <> (paid_at IS NOT NULL))
""",
)

INVOICED_TAX_IS_OWED = Invariant(
    "invoiced_tax_is_owed",
    "The tax of an invoice is owed in the ledger once, and went back where the invoice is void.",
    """
SELECT b.id AS period_id, b.wallet_id, b.status, b.tax, x.amount AS owed, v.amount AS returned
  FROM billing_billingperiod b
  LEFT JOIN billing_transaction x ON x.wallet_id = b.wallet_id AND x.key = 'tax:' || b.id AND x.kind = 'tax'
  LEFT JOIN billing_transaction v ON v.wallet_id = b.wallet_id AND v.key = 'tax_back:' || b.id AND v.kind = 'tax'
 WHERE coalesce(-x.amount, 0) <> b.tax
    OR coalesce(v.amount, 0) <> CASE b.status WHEN 'void' THEN b.tax ELSE 0 END
UNION ALL
SELECT NULL, x.wallet_id, NULL, NULL, x.amount, NULL FROM billing_transaction x
 WHERE x.kind = 'tax' AND x.key ~ '^tax(_back)?:[0-9]+$'
   AND NOT EXISTS (SELECT FROM billing_billingperiod b WHERE b.wallet_id = x.wallet_id
                      AND x.key IN ('tax:' || b.id, 'tax_back:' || b.id))
""",
)

INVARIANTS = (PERIODS_JOIN, PERIODS_HAVE_ONE_INVOICE, INVOICES_ARE_PAID, INVOICED_TAX_IS_OWED)
