"""The statements by which `billing.services.ledger` writes: one each for all rows of a kind. For its use only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.services.books import Posting
from billing.services.state import GrantState, WalletState
from organizations.database import Statement, array, bytes_array, text_array, time_array

INSERT_TRANSACTIONS = """
INSERT INTO billing_transaction (id, wallet_id, currency, number, kind, key, project_id, amount, balance_after,
                                 description, reason, actor_id, day, created_at, hash)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::bigint[],
                     %s::numeric[], %s::numeric[], %s::text[], %s::text[], %s::bigint[], %s::date[],
                     %s::timestamptz[], %s::bytea[])
"""
INSERT_TRANSFERS = """
INSERT INTO billing_transfer (transaction_id, wallet_id, currency, source_id, target_id, amount, grant_id)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::numeric[], %s::bigint[])
"""
ADD_MOVEMENTS = """
INSERT INTO billing_hourlymovement AS m (wallet_id, project_id, currency, kind, day, hour, count, amount, first_number,
                                         last_number, last_at, balance_after)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::date[], %s::smallint[], %s::int[],
                     %s::numeric[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::numeric[])
ON CONFLICT (wallet_id, day, hour, kind, project_id) DO UPDATE SET
  count = m.count + EXCLUDED.count, amount = m.amount + EXCLUDED.amount, last_number = EXCLUDED.last_number,
  last_at = EXCLUDED.last_at, balance_after = EXCLUDED.balance_after
"""
INSERT_GRANTS = """
INSERT INTO billing_grant (id, wallet_id, currency, kind, priority, amount, remaining, expires_at, source, created_at,
                           is_spent)
SELECT *, remaining = 0
  FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::smallint[], %s::numeric[], %s::numeric[],
              %s::timestamptz[], %s::text[], %s::timestamptz[])
       AS v(id, wallet_id, currency, kind, priority, amount, remaining, expires_at, source, created_at)
"""
UPDATE_GRANTS = """
UPDATE billing_grant g SET remaining = v.remaining, is_spent = v.remaining = 0
  FROM unnest(%s::bigint[], %s::numeric[]) AS v(id, remaining) WHERE g.id = v.id
"""
END_HOLDS = """
UPDATE billing_hold h SET status = v.status, ended_at = %s FROM unnest(%s::bigint[], %s::text[]) AS v(id, status)
 WHERE h.id = v.id AND h.status = 'active'
"""
RESIZE_HOLDS = """
UPDATE billing_hold h SET amount = v.amount, expires_at = v.expires_at
  FROM unnest(%s::bigint[], %s::numeric[], %s::timestamptz[]) AS v(id, amount, expires_at)
 WHERE h.id = v.id AND h.status = 'active'
"""
UPDATE_WALLETS = """
UPDATE billing_wallet w
   SET paid = v.paid, promo = v.promo, allotment = v.allotment, debt = v.debt, held = v.held,
       held_calls = v.held_calls, spent_on = v.spent_on, spent_today = v.spent_today,
       next_expiry_at = v.next_expiry_at, last_number = v.last_number, chain_head = v.chain_head
  FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::int[],
              %s::date[], %s::numeric[], %s::timestamptz[], %s::bigint[], %s::bytea[])
       AS v(id, paid, promo, allotment, debt, held, held_calls, spent_on, spent_today, next_expiry_at, last_number,
            chain_head)
 WHERE w.id = v.id
"""


def insert_transactions(postings: Sequence[Posting]) -> Statement:
    """All transactions of the books."""
    return INSERT_TRANSACTIONS, [
        array([p.id for p in postings]),
        array([p.wallet_id for p in postings]),
        array([p.currency for p in postings]),
        array([p.number for p in postings]),
        array([p.kind for p in postings]),
        text_array([p.key for p in postings]),
        array([p.project_id for p in postings]),
        array([p.amount for p in postings]),
        array([p.balance_after for p in postings]),
        text_array([p.description for p in postings]),
        text_array([p.reason for p in postings]),
        array([p.actor_id for p in postings]),
        array([p.day for p in postings]),
        time_array([p.created_at for p in postings]),
        bytes_array([p.hash for p in postings]),
    ]


def insert_transfers(postings: Sequence[Posting]) -> Statement:
    """All transfers of the transactions, in their order."""
    rows = [(p.id, p.wallet_id, p.currency, *part) for p in postings for part in p.transfers]
    return INSERT_TRANSFERS, [array(column) for column in zip(*rows, strict=True)]


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
    columns = list(zip(*[(*key, *values) for key, values in sums.items()], strict=True))
    return ADD_MOVEMENTS, [time_array(column) if index == 10 else array(column) for index, column in enumerate(columns)]


def insert_grants(grants: Sequence[tuple[WalletState, GrantState]], now: datetime) -> Statement:
    """New lots of credit, with what remains of them already."""
    return INSERT_GRANTS, [
        array([grant.id for _, grant in grants]),
        array([wallet.id for wallet, _ in grants]),
        array([wallet.currency for wallet, _ in grants]),
        array([grant.kind for _, grant in grants]),
        array([grant.priority for _, grant in grants]),
        array([grant.amount for _, grant in grants]),
        array([grant.remaining for _, grant in grants]),
        time_array([grant.expires_at for _, grant in grants]),
        text_array([grant.source for _, grant in grants]),
        time_array([now for _ in grants]),
    ]


def update_grants(grants: Sequence[GrantState]) -> Statement:
    """What remains of grants that were drawn on or restored."""
    return UPDATE_GRANTS, [array([grant.id for grant in grants]), array([grant.remaining for grant in grants])]


def end_holds(holds: Sequence[tuple[int, str]], now: datetime) -> Statement:
    """Holds that end, each with its final status."""
    return END_HOLDS, [now, array([hold_id for hold_id, _ in holds]), array([status for _, status in holds])]


def resize_holds(holds: Sequence[tuple[int, Decimal, datetime]]) -> Statement:
    """Holds that were extended."""
    return RESIZE_HOLDS, [
        array([hold[0] for hold in holds]),
        array([hold[1] for hold in holds]),
        time_array([hold[2] for hold in holds]),
    ]


def update_wallets(wallets: Sequence[WalletState]) -> Statement:
    """The cached columns of the wallets."""
    return UPDATE_WALLETS, [
        array([w.id for w in wallets]),
        array([w.paid for w in wallets]),
        array([w.promo for w in wallets]),
        array([w.allotment for w in wallets]),
        array([w.debt for w in wallets]),
        array([w.held for w in wallets]),
        array([w.held_calls for w in wallets]),
        array([w.spent_on for w in wallets]),
        array([w.spent_today for w in wallets]),
        time_array([w.next_expiry_at for w in wallets]),
        array([w.last_number for w in wallets]),
        bytes_array([w.chain_head for w in wallets]),
    ]
