"""The hash chain recomputed in PostgreSQL, from the rows alone.

`PAYLOAD` builds, of a transaction `x` and its transfers `t.parts`, the text that `billing.services.chain.payload`
builds in Python. Both are held equal by a test.
"""

from __future__ import annotations

from billing.verification.invariant import Invariant

PAYLOAD = """
concat_ws('|', x.wallet_id, x.number, x.kind, length(x.key) || ':' || x.key, x.currency, x.amount, x.balance_after,
          coalesce(x.project_id::text, ''), length(x.description) || ':' || x.description,
          length(x.reason) || ':' || x.reason, coalesce(x.actor_id::text, ''), to_char(x.day, 'YYYY-MM-DD'),
          (extract(epoch FROM x.created_at) * 1000000)::bigint) || coalesce(t.parts, '')
"""
PARTS = """
SELECT transaction_id,
       string_agg(format(';%s>%s:%s:%s', source_id, target_id, amount, coalesce(grant_id::text, '')), '' ORDER BY id)
         AS parts
  FROM billing_transfer GROUP BY transaction_id
"""

HASH_CHAIN = Invariant(
    "hash_chain",
    "Each transaction's hash is the SHA-256 of the hash before it, of itself and of its transfers.",
    f"""
SELECT transaction_id, wallet_id, number, encode(hash, 'hex') AS hash, encode(expected, 'hex') AS expected
  FROM (SELECT x.id AS transaction_id, x.wallet_id, x.number, x.hash,
               sha256(coalesce(lag(x.hash) OVER (PARTITION BY x.wallet_id ORDER BY x.number),
                               decode(repeat('00', 32), 'hex'))
                      || convert_to({PAYLOAD}, 'UTF8')) AS expected
          FROM billing_transaction x LEFT JOIN ({PARTS}) t ON t.transaction_id = x.id) x
 WHERE hash <> expected
""",
)

CHAIN_HEAD = Invariant(
    "chain_head",
    "A wallet knows the hash of its last transaction, so that none can be cut off the end.",
    """
SELECT w.id AS wallet_id, w.last_number, encode(w.chain_head, 'hex') AS chain_head, encode(x.hash, 'hex') AS last_hash
  FROM billing_wallet w LEFT JOIN billing_transaction x ON x.wallet_id = w.id AND x.number = w.last_number
 WHERE w.chain_head IS DISTINCT FROM CASE WHEN w.last_number = 0 THEN decode(repeat('00', 32), 'hex') ELSE x.hash END
""",
)

INVARIANTS = (HASH_CHAIN, CHAIN_HEAD)
