"""What was signed and handed out is still the ledger's: daily heads, and the movements that exports ended with."""

from __future__ import annotations

from billing.verification.invariant import Invariant

SIGNED_HEADS = Invariant(
    "signed_heads_are_in_chains",
    "Every signed head is the hash of the transaction with its number.",
    """
SELECT h.wallet_id, h.day, h.number, encode(h.hash, 'hex') AS signed, encode(x.hash, 'hex') AS hash
  FROM billing_chainhead h LEFT JOIN billing_transaction x ON x.wallet_id = h.wallet_id AND x.number = h.number
 WHERE x.hash IS DISTINCT FROM h.hash
""",
)

EXPORTS = Invariant(
    "exports_are_in_chains",
    "The last movement of every export that is ready has the hash that was handed out, and the balance after it.",
    """
SELECT e.id AS export_id, e.wallet_id, m.number, m.hash AS signed, encode(x.hash, 'hex') AS hash, x.balance_after
  FROM billing_auditexport e
 CROSS JOIN LATERAL (SELECT (e.manifest -> 'last' ->> 'number')::bigint AS number,
                            e.manifest -> 'last' ->> 'hash' AS hash,
                            (e.manifest ->> 'closing')::numeric AS closing) m
  LEFT JOIN billing_transaction x ON x.wallet_id = e.wallet_id AND x.number = m.number
 WHERE e.status = 'ready' AND m.number IS NOT NULL
   AND (encode(x.hash, 'hex') IS DISTINCT FROM m.hash OR x.balance_after IS DISTINCT FROM m.closing)
""",
)

INVARIANTS = (SIGNED_HEADS, EXPORTS)
