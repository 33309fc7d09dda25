"""The one place where wallets are locked: in id order, inside a transaction, before anything else is read.

A series of document numbers is locked after them and last of all (`billing.services.documents.numbering`).
`FOR NO KEY UPDATE` leaves the key shared locks of foreign keys alone, which plain `FOR UPDATE` deadlocks with.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.transaction import TransactionManagementError

from organizations.database import Statement, array

LOCK_WALLETS = """
SELECT w.id, w.account_id, w.currency, w.mode, w.credit_limit, w.is_frozen, w.is_overdue, w.paid, w.promo, w.allotment,
       w.debt, w.held, w.held_calls, w.spent_on, w.spent_today, w.daily_cap, w.concurrency_limit, w.last_number,
       w.chain_head, w.next_expiry_at, a.timezone, a.status, w.monthly_allotment, w.allotment_anchor,
       w.allotment_resets_at, w.auto_top_up_below, w.alert_below, w.alerts_fired, w.alerts_told,
       coalesce(t.floor, 0)
  FROM billing_wallet w JOIN organizations_account a ON a.id = w.account_id
       LEFT JOIN billing_productterms t ON t.product_id = a.product_id
 WHERE w.id = ANY(%s::bigint[]) ORDER BY w.id FOR NO KEY UPDATE OF w
"""


def lock_wallets(wallet_ids: Iterable[int]) -> Statement:
    """The statement that locks these wallets; raises TransactionManagementError outside a transaction."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("Wallets are locked inside a transaction only.")
    return LOCK_WALLETS, [array(sorted(set(wallet_ids)))]
