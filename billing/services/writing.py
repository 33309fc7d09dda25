"""The statements by which `billing.services.ledger` writes: one each for all rows of a kind. For its use only.

Where a column holds words of our own (`varchar` here) its values need no quoting in an array.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.services.books import Posting
from billing.services.state import GrantState, WalletState
from organizations.database import Statement, rows

INSERT_TRANSACTIONS = """
INSERT INTO billing_transaction (id, wallet_id, currency, number, kind, key, project_id, amount, balance_after,
                                 description, reason, actor_id, day, created_at, hash)
SELECT * FROM {rows} AS v
"""
INSERT_TRANSFERS = """
INSERT INTO billing_transfer (transaction_id, wallet_id, currency, source_id, target_id, amount, grant_id)
SELECT * FROM {rows} AS v
"""
ADD_MOVEMENTS = """
INSERT INTO billing_hourlymovement AS m (wallet_id, project_id, currency, kind, day, hour, count, amount, first_number,
                                         last_number, last_at, balance_after)
SELECT * FROM {rows} AS v
ON CONFLICT (wallet_id, day, hour, kind, project_id) DO UPDATE SET
  count = m.count + EXCLUDED.count, amount = m.amount + EXCLUDED.amount, last_number = EXCLUDED.last_number,
  last_at = EXCLUDED.last_at, balance_after = EXCLUDED.balance_after
"""
INSERT_GRANTS = """
INSERT INTO billing_grant (id, wallet_id, currency, kind, priority, amount, remaining, expires_at, source, created_at,
                           is_spent)
SELECT *, remaining = 0
  FROM {rows} AS v(id, wallet_id, currency, kind, priority, amount, remaining, expires_at, source, created_at)
"""
UPDATE_GRANTS = """
UPDATE billing_grant g SET remaining = v.remaining, is_spent = v.remaining = 0
  FROM {rows} AS v(id, remaining) WHERE g.id = v.id
"""
END_HOLDS = """
UPDATE billing_hold h SET status = v.status, ended_at = v.ended_at
  FROM {rows} AS v(id, status, ended_at) WHERE h.id = v.id AND h.status = 'active'
"""
RESIZE_HOLDS = """
UPDATE billing_hold h SET amount = v.amount, expires_at = v.expires_at
  FROM {rows} AS v(id, amount, expires_at) WHERE h.id = v.id AND h.status = 'active'
"""
UPDATE_WALLETS = """
UPDATE billing_wallet w
   SET paid = v.paid, promo = v.promo, allotment = v.allotment, debt = v.debt, held = v.held,
       held_calls = v.held_calls, spent_on = v.spent_on, spent_today = v.spent_today,
       next_expiry_at = v.next_expiry_at, last_number = v.last_number, chain_head = v.chain_head,
       allotment_anchor = v.allotment_anchor, allotment_resets_at = v.allotment_resets_at,
       alerts_fired = v.alerts_fired, alerts_told = v.alerts_told
  FROM {rows} AS v(id, paid, promo, allotment, debt, held, held_calls, spent_on, spent_today, next_expiry_at,
                   last_number, chain_head, allotment_anchor, allotment_resets_at, alerts_fired, alerts_told)
 WHERE w.id = v.id
"""


def insert_transactions(postings: Sequence[Posting]) -> Statement:
    """All transactions of the books."""
    return _write(
        INSERT_TRANSACTIONS,
        ("bigint", [p.id for p in postings]),
        ("bigint", [p.wallet_id for p in postings]),
        ("varchar", [p.currency for p in postings]),
        ("bigint", [p.number for p in postings]),
        ("varchar", [p.kind for p in postings]),
        ("text", [p.key for p in postings]),
        ("bigint", [p.project_id for p in postings]),
        ("numeric", [p.amount for p in postings]),
        ("numeric", [p.balance_after for p in postings]),
        ("text", [p.description for p in postings]),
        ("text", [p.reason for p in postings]),
        ("bigint", [p.actor_id for p in postings]),
        ("date", [p.day for p in postings]),
        ("timestamptz", [p.created_at for p in postings]),
        ("bytea", [p.hash for p in postings]),
    )


def insert_transfers(postings: Sequence[Posting]) -> Statement:
    """All transfers of the transactions, in their order."""
    transfers = [(p.id, p.wallet_id, p.currency, *part) for p in postings for part in p.transfers]
    kinds = ("bigint", "bigint", "varchar", "bigint", "bigint", "numeric", "bigint")
    return _write(INSERT_TRANSFERS, *zip(kinds, zip(*transfers, strict=True), strict=True))


def add_movements(postings: Sequence[Posting]) -> Statement:
    """The transactions added to the hourly roll-up."""
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for p in postings:
        key = (p.wallet_id, p.project_id, p.currency, p.kind, p.day, p.hour)
        known = sums.get(key)
        if known is None:
            sums[key] = [1, p.amount, p.number, p.number, p.created_at, p.balance_after]
        else:
            known[0] += 1
            known[1] += p.amount
            known[3:] = p.number, p.created_at, p.balance_after
    kinds = ["bigint", "bigint", "varchar", "varchar", "date", "smallint"]
    kinds += ["int", "numeric", "bigint", "bigint", "timestamptz", "numeric"]
    columns = zip(*[(*key, *values) for key, values in sums.items()], strict=True)
    return _write(ADD_MOVEMENTS, *zip(kinds, columns, strict=True))


def insert_grants(grants: Sequence[tuple[WalletState, GrantState]], now: datetime) -> Statement:
    """New lots of credit, with what remains of them already."""
    return _write(
        INSERT_GRANTS,
        ("bigint", [grant.id for _, grant in grants]),
        ("bigint", [wallet.id for wallet, _ in grants]),
        ("varchar", [wallet.currency for wallet, _ in grants]),
        ("varchar", [grant.kind for _, grant in grants]),
        ("smallint", [grant.priority for _, grant in grants]),
        ("numeric", [grant.amount for _, grant in grants]),
        ("numeric", [grant.remaining for _, grant in grants]),
        ("timestamptz", [grant.expires_at for _, grant in grants]),
        ("text", [grant.source for _, grant in grants]),
        ("timestamptz", [now for _ in grants]),
    )


def update_grants(grants: Sequence[GrantState]) -> Statement:
    """What remains of grants that were drawn on or restored."""
    return _write(
        UPDATE_GRANTS,
        ("bigint", [grant.id for grant in grants]),
        ("numeric", [grant.remaining for grant in grants]),
    )


def end_holds(holds: Sequence[tuple[int, str]], now: datetime) -> Statement:
    """Holds that end, each with its final status."""
    return _write(
        END_HOLDS,
        ("bigint", [hold_id for hold_id, _ in holds]),
        ("varchar", [status for _, status in holds]),
        ("timestamptz", [now for _ in holds]),
    )


def resize_holds(holds: Sequence[tuple[int, Decimal, datetime]]) -> Statement:
    """Holds that were extended."""
    return _write(RESIZE_HOLDS, *zip(("bigint", "numeric", "timestamptz"), zip(*holds, strict=True), strict=True))


def update_wallets(wallets: Sequence[WalletState]) -> Statement:
    """The cached columns of the wallets."""
    return _write(
        UPDATE_WALLETS,
        ("bigint", [w.id for w in wallets]),
        ("numeric", [w.paid for w in wallets]),
        ("numeric", [w.promo for w in wallets]),
        ("numeric", [w.allotment for w in wallets]),
        ("numeric", [w.debt for w in wallets]),
        ("numeric", [w.held for w in wallets]),
        ("int", [w.held_calls for w in wallets]),
        ("date", [w.spent_on for w in wallets]),
        ("numeric", [w.spent_today for w in wallets]),
        ("timestamptz", [w.next_expiry_at for w in wallets]),
        ("bigint", [w.last_number for w in wallets]),
        ("bytea", [w.chain_head for w in wallets]),
        ("date", [w.allotment_anchor for w in wallets]),
        ("timestamptz", [w.allotment_resets_at for w in wallets]),
        ("smallint", [w.alerts_fired for w in wallets]),
        ("int", [w.alerts_told for w in wallets]),
    )


def _write(template: str, *columns: tuple[str, Sequence[Any]]) -> Statement:
    source, params = rows(*columns)
    return template.format(rows=source), params
