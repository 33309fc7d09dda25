"""No row of one account points at another's, and every wallet is whole."""

from __future__ import annotations

from billing.verification.invariant import Invariant

WALLETS_ARE_WHOLE = Invariant(
    "wallets_are_whole",
    "A wallet is in its product's currency and has each of the eleven ledger accounts, in that currency.",
    """
SELECT w.id AS wallet_id, w.currency, p.currency AS product_currency, l.accounts
  FROM billing_wallet w
  JOIN organizations_account a ON a.id = w.account_id
  JOIN organizations_product p ON p.id = a.product_id
  LEFT JOIN (SELECT wallet_id, currency, count(DISTINCT kind) AS accounts FROM billing_ledgeraccount
              WHERE kind BETWEEN 1 AND 11 AND id = wallet_id * 16 + kind GROUP BY wallet_id, currency) l
         ON l.wallet_id = w.id AND l.currency = w.currency
 WHERE w.currency <> p.currency OR l.accounts IS DISTINCT FROM 11
""",
)

PROJECTS_OF_OWN_ACCOUNT = Invariant(
    "projects_of_own_account",
    "Transactions, holds and movements name projects of their own account only.",
    """
SELECT r.found, r.id, r.wallet_id, r.project_id, p.account_id AS project_account_id, w.account_id
  FROM (SELECT 'transaction' AS found, id, wallet_id, project_id FROM billing_transaction
        UNION ALL SELECT 'hold', id, wallet_id, project_id FROM billing_hold
        UNION ALL SELECT 'movement', id, wallet_id, project_id FROM billing_hourlymovement) r
  LEFT JOIN billing_wallet w ON w.id = r.wallet_id
  LEFT JOIN organizations_project p ON p.id = r.project_id
 WHERE r.project_id IS NOT NULL AND p.account_id IS DISTINCT FROM w.account_id
""",
)

HOLDS_OF_OWN_PRODUCT = Invariant(
    "holds_of_own_product",
    "A hold was placed by a service of the account's product, in the wallet's currency.",
    """
SELECT h.id AS hold_id, h.wallet_id, h.service_id, h.currency
  FROM billing_hold h
  LEFT JOIN billing_wallet w ON w.id = h.wallet_id
  LEFT JOIN organizations_account a ON a.id = w.account_id
  LEFT JOIN organizations_service s ON s.id = h.service_id
 WHERE s.id IS NULL
    OR (h.wallet_id IS NOT NULL AND (s.product_id = a.product_id AND w.currency = h.currency) IS NOT TRUE)
""",
)

INVARIANTS = (WALLETS_ARE_WHOLE, PROJECTS_OF_OWN_ACCOUNT, HOLDS_OF_OWN_PRODUCT)
