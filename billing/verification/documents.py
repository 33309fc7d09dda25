"""Documents: numbers without gaps, what each states is what moved, and nothing of a sent one has changed.

DESIGN.md, 'What must always be true', 14 and 17.
"""

from __future__ import annotations

from billing.verification.invariant import Invariant

DOCUMENT_NUMBERS = Invariant(
    "document_numbers",
    "Per issuer, kind and year documents are numbered from 1 to the series' last number without gaps.",
    """
SELECT s.id AS series_id, s.issuer_id, s.kind, s.year, s.last_number, count(d.id) AS documents,
       max(d.number) AS highest
  FROM billing_numberseries s
  LEFT JOIN billing_document d ON d.issuer_id = s.issuer_id AND d.kind = s.kind AND d.year = s.year
 GROUP BY s.id
HAVING count(d.id) <> s.last_number OR coalesce(max(d.number), 0) <> s.last_number OR coalesce(min(d.number), 1) <> 1
""",
)

# What a document calls its cause in `key` is what its columns name.
DOCUMENTS_STATE_WHAT_MOVED = Invariant(
    "documents_state_what_moved",
    "A receipt's total and tax are its payment's, an invoice's those of its top-up or period, a refund's credit note "
    "its refund's, a credit by staff what it gave the wallet, and what takes a credit note back is that note's.",
    """
SELECT d.id AS document_id, d.wallet_id, d.label, d.key, d.total, d.tax,
       coalesce(n.total, r.total, b.total, u.total, p.total, g.total) AS moved,
       coalesce(n.tax, r.tax, b.tax, u.tax, p.tax, g.tax) AS tax_moved
  FROM billing_document d
  LEFT JOIN billing_payment p ON p.id = d.payment_id AND d.kind = 'receipt' AND d.corrects_id IS NULL
        AND p.wallet_id = d.wallet_id AND p.price_currency = d.currency AND d.key = 'receipt:' || p.id
  LEFT JOIN billing_topup u ON u.id = d.top_up_id AND d.kind = 'proforma'
        AND u.wallet_id = d.wallet_id AND u.price_currency = d.currency AND d.key = 'proforma:' || u.id
  LEFT JOIN billing_billingperiod b ON b.id = d.period_id AND d.kind = 'invoice'
        AND b.wallet_id = d.wallet_id AND b.currency = d.currency
  LEFT JOIN billing_refund r ON r.id = d.refund_id AND d.kind = 'credit_note' AND r.wallet_id = d.wallet_id
        AND r.price_currency = d.currency AND d.key = 'refund:' || r.id AND r.status IN ('succeeded', 'failed')
  LEFT JOIN billing_document n ON n.id = d.corrects_id AND d.kind = 'receipt' AND n.kind = 'credit_note'
        AND n.wallet_id = d.wallet_id AND n.currency = d.currency
        AND d.key IN ('refund_back:' || n.refund_id, 'reinstated:' || n.dispute_id)
  LEFT JOIN LATERAL (
    SELECT sum(x.amount) AS total, coalesce(sum(x.amount) FILTER (WHERE x.key LIKE '%:tax'), 0) AS tax
      FROM billing_transaction x
     WHERE d.key LIKE 'credit:%' AND x.wallet_id = d.wallet_id AND x.key IN (d.key, d.key || ':tax')) g ON true
 WHERE (d.kind IN ('receipt', 'proforma', 'invoice') OR d.refund_id IS NOT NULL OR d.key LIKE 'credit:%')
   AND (coalesce(n.total, r.total, b.total, u.total, p.total, g.total) = d.total
        AND coalesce(n.tax, r.tax, b.tax, u.tax, p.tax, g.tax) = d.tax) IS NOT TRUE
""",
)

CREDIT_NOTES_WITHIN_DOCUMENT = Invariant(
    "credit_notes_within_document",
    "The credit notes on a document, less those that were taken back, never exceed it; nor its issuer and currency.",
    """
SELECT d.id AS document_id, d.wallet_id, d.label, d.net, d.tax, sum(n.net) AS credited, sum(n.tax) AS tax_credited
  FROM billing_document d
  JOIN billing_document n ON n.corrects_id = d.id AND n.kind = 'credit_note'
  LEFT JOIN billing_document b ON b.corrects_id = n.id AND b.kind = 'receipt'
 GROUP BY d.id
HAVING sum(n.net) FILTER (WHERE b.id IS NULL) > d.net OR sum(n.tax) FILTER (WHERE b.id IS NULL) > d.tax
    OR bool_or(n.currency <> d.currency OR n.issuer_id <> d.issuer_id OR n.wallet_id <> d.wallet_id)
""",
)

# As it was when the newest of an organization's certificates and their credit notes was issued: those that come next
# state what has been used since (billing.selectors.paid_usage, whose rounding this is).
CERTIFICATES_STATE_WHAT_WAS_USED = Invariant(
    "certificates_state_what_was_used",
    "What an organization's certificates state, less their credit notes, is what the ledger says that calls used of "
    "its payments up to the last certified month.",
    """
WITH stated AS (
  SELECT c.wallet_id, c.organization_id, c.issuer_id, c.currency,
         max(c.supplied_from) FILTER (WHERE c.kind = 'certificate') AS month, max(c.issued_at) AS stated_at,
         sum(CASE c.kind WHEN 'certificate' THEN c.net ELSE -c.net END) AS net,
         sum(CASE c.kind WHEN 'certificate' THEN c.tax ELSE -c.tax END) AS tax
    FROM billing_document c LEFT JOIN billing_document k ON k.id = c.corrects_id
   WHERE 'certificate' IN (c.kind, k.kind) GROUP BY 1, 2, 3, 4
), used AS (
  SELECT s.wallet_id, s.organization_id, s.issuer_id, s.currency, p.amount, r.net, r.tax,
         sum(CASE WHEN t.source_id % 16 = 1 THEN t.amount ELSE -t.amount END) AS used
    FROM stated s
    JOIN billing_document r ON r.wallet_id = s.wallet_id AND r.organization_id = s.organization_id
         AND r.issuer_id = s.issuer_id AND r.currency = s.currency AND r.kind = 'receipt' AND r.corrects_id IS NULL
         AND r.issued_at <= s.stated_at
    JOIN billing_payment p ON p.id = r.payment_id
    JOIN billing_transfer t ON t.grant_id = p.grant_id
    JOIN billing_transaction x ON x.id = t.transaction_id AND x.created_at <= s.stated_at
    LEFT JOIN billing_transaction o ON x.kind = 'void' AND o.wallet_id = x.wallet_id
         AND o.key = 'charge:' || substr(x.key, length('void:') + 1)
   WHERE date_trunc('month', coalesce(o.day, x.day)) <= s.month
     AND (t.source_id % 16 = 1 AND t.target_id % 16 IN (4, 5) OR t.source_id % 16 = 5 AND t.target_id % 16 = 1)
     AND NOT (t.target_id % 16 = 4 AND EXISTS (
           SELECT FROM billing_billingperiod b
            WHERE b.wallet_id = x.wallet_id AND b.since_number < x.number
              AND (b.status IN ('draft', 'open', 'overdue') OR x.created_at <= coalesce(b.paid_at, (
                    SELECT u.created_at FROM billing_transaction u
                     WHERE u.wallet_id = b.wallet_id AND u.key = 'uncollectible:' || b.id), b.closed_at))))
   GROUP BY 1, 2, 3, 4, p.id, r.id
), counted AS (
  SELECT wallet_id, organization_id, issuer_id, currency,
         sum(CASE WHEN used = amount THEN net ELSE round(net * used / amount, 2) END) AS net,
         sum(CASE WHEN used = amount THEN tax ELSE round(tax * used / amount, 2) END) AS tax
    FROM used GROUP BY 1, 2, 3, 4
)
SELECT s.wallet_id, s.organization_id, s.issuer_id, s.currency, s.month, s.net, s.tax, c.net AS used,
       c.tax AS tax_used
  FROM stated s LEFT JOIN counted c USING (wallet_id, organization_id, issuer_id, currency)
 WHERE s.net <> coalesce(c.net, 0) OR s.tax <> coalesce(c.tax, 0)
""",
)

DOCUMENTS_ARE_FROZEN = Invariant(
    "documents_are_frozen",
    "What a document's columns say is what was frozen in its content, and that adds up.",
    """
SELECT d.id AS document_id, d.wallet_id, d.label, d.net, d.tax, d.total
  FROM billing_document d
 WHERE ((d.content ->> 'net')::numeric = d.net AND (d.content ->> 'tax')::numeric = d.tax
        AND (d.content ->> 'total')::numeric = d.total AND d.content ->> 'label' = d.label
        AND d.content ->> 'kind' = d.kind AND d.content ->> 'currency' = d.currency
        AND d.content ->> 'language' = d.language AND (d.content ->> 'issued_on')::date = d.issued_on
        AND d.content -> 'taxes' = d.tax_lines
        AND (SELECT coalesce(sum((l ->> 'amount')::numeric), 0)
               FROM jsonb_array_elements(d.content -> 'lines') l) = d.net
        AND (SELECT coalesce(sum((l ->> 'amount')::numeric), 0) FROM jsonb_array_elements(d.tax_lines) l) = d.tax
       ) IS NOT TRUE
""",
)

FILES_ARE_WHOLE = Invariant(
    "document_files_are_whole",
    "The SHA-256 and the size kept with a document's PDF are those of its bytes.",
    """
SELECT f.document_id, f.sha256, f.size, length(f.pdf) AS bytes
  FROM billing_documentfile f
 WHERE f.sha256 <> encode(sha256(f.pdf), 'hex') OR f.size <> length(f.pdf)
""",
)

DOCUMENTS_OF_OWN_ACCOUNT = Invariant(
    "documents_of_own_account",
    "A document is for an organization of its own account, and corrects and states rows of its own wallet only.",
    """
SELECT d.id AS document_id, d.wallet_id, d.label, o.account_id AS organization_account_id, w.account_id
  FROM billing_document d
  LEFT JOIN billing_wallet w ON w.id = d.wallet_id
  LEFT JOIN organizations_organization o ON o.id = d.organization_id
  LEFT JOIN billing_payment p ON p.id = d.payment_id LEFT JOIN billing_topup u ON u.id = d.top_up_id
  LEFT JOIN billing_billingperiod b ON b.id = d.period_id LEFT JOIN billing_document k ON k.id = d.corrects_id
 WHERE (d.organization_id IS NOT NULL AND o.account_id IS DISTINCT FROM w.account_id)
    OR (d.payment_id IS NOT NULL AND p.wallet_id IS DISTINCT FROM d.wallet_id)
    OR (d.top_up_id IS NOT NULL AND u.wallet_id IS DISTINCT FROM d.wallet_id)
    OR (d.period_id IS NOT NULL AND b.wallet_id IS DISTINCT FROM d.wallet_id)
    OR (d.corrects_id IS NOT NULL AND k.wallet_id IS DISTINCT FROM d.wallet_id)
""",
)

INVARIANTS = (
    DOCUMENT_NUMBERS,
    DOCUMENTS_STATE_WHAT_MOVED,
    CREDIT_NOTES_WITHIN_DOCUMENT,
    CERTIFICATES_STATE_WHAT_WAS_USED,
    DOCUMENTS_ARE_FROZEN,
    FILES_ARE_WHOLE,
    DOCUMENTS_OF_OWN_ACCOUNT,
)
