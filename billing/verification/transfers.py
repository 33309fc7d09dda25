"""Transfers balance, stay in their wallet, and say what their transaction says."""

from __future__ import annotations

from billing.verification.invariant import Invariant

TRIAL_BALANCE = Invariant(
    "trial_balance",
    "Debits equal credits in every wallet and currency.",
    """
SELECT wallet_id, currency, sum(debit) AS debits, sum(credit) AS credits FROM billing_entry
 GROUP BY wallet_id, currency HAVING sum(debit) <> sum(credit)
""",
)

TRANSFERS_IN_PLACE = Invariant(
    "transfers_in_place",
    "Every transfer is positive, between two ledger accounts of its own wallet and currency, in a transaction of it.",
    """
SELECT t.id AS transfer_id, t.transaction_id, t.wallet_id, t.currency, t.source_id, t.target_id, t.amount
  FROM billing_transfer t
  LEFT JOIN billing_transaction x ON x.id = t.transaction_id
  LEFT JOIN billing_ledgeraccount s ON s.id = t.source_id
  LEFT JOIN billing_ledgeraccount d ON d.id = t.target_id
 WHERE (t.amount > 0 AND t.amount < 100000000000000 AND t.source_id <> t.target_id
        AND x.wallet_id = t.wallet_id AND x.currency = t.currency
        AND s.wallet_id = t.wallet_id AND s.currency = t.currency
        AND d.wallet_id = t.wallet_id AND d.currency = t.currency) IS NOT TRUE
""",
)

# Ledger accounts 1 to 4 are the customer's: what comes in raises the balance, what goes out lowers it.
AMOUNTS_EQUAL_TRANSFERS = Invariant(
    "amounts_equal_transfers",
    "A transaction's amount is what its transfers move into or out of the customer's accounts; none is without any.",
    """
SELECT x.id AS transaction_id, x.wallet_id, x.number, x.amount, t.amount AS transferred
  FROM billing_transaction x
  LEFT JOIN (SELECT transaction_id, sum(CASE WHEN target_id % 16 <= 4 THEN amount ELSE 0 END
                                        - CASE WHEN source_id % 16 <= 4 THEN amount ELSE 0 END) AS amount
               FROM billing_transfer GROUP BY transaction_id) t ON t.transaction_id = x.id
 WHERE x.amount IS DISTINCT FROM t.amount
""",
)

# Reversals touch the receivable too, but never leave more of it than they found. A disputed payment that was spent is
# owed (DESIGN.md, 'What must always be true', 7).
DEBT_ONLY_BY_USAGE = Invariant(
    "debt_only_by_usage",
    "What a customer owes grows in usage, by a dispute or an invoice's tax only, never by a credit, an expiry, a "
    "refund or a reversal.",
    """
SELECT x.id AS transaction_id, x.wallet_id, x.number, x.kind, sum(e.debit - e.credit) AS debt
  FROM billing_entry e JOIN billing_transaction x ON x.id = e.transaction_id
 WHERE e.kind = 4 AND x.kind NOT IN ('call', 'chat', 'crawl', 'llm', 'dispute', 'tax')
 GROUP BY x.id HAVING sum(e.debit - e.credit) > 0
""",
)

VOIDS_OPPOSE_CHARGES = Invariant(
    "voids_oppose_charges",
    "A reversal gives back exactly the charge it names, after it.",
    """
SELECT v.id AS transaction_id, v.wallet_id, v.number, v.key, v.amount, c.number AS charge_number,
       c.amount AS charge_amount
  FROM billing_transaction v
  LEFT JOIN billing_transaction c ON c.wallet_id = v.wallet_id AND c.key = 'charge:' || substr(v.key, 6)
 WHERE v.kind = 'void'
   AND (v.key LIKE 'void:%' AND c.number < v.number AND c.amount = -v.amount
        AND c.kind IN ('call', 'chat', 'crawl', 'llm')) IS NOT TRUE
""",
)

INVARIANTS = (TRIAL_BALANCE, TRANSFERS_IN_PLACE, AMOUNTS_EQUAL_TRANSFERS, DEBT_ONLY_BY_USAGE, VOIDS_OPPOSE_CHARGES)
