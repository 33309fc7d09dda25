"""The sweeps: whatever calls for a document and has none, and every document without its PDF.

A worker hears of most of it at once (`billing.tasks`); what it missed, or failed at before, is found here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from billing.services.documents import certificates, files, money_back, proformas, receipts
from billing.services.documents.failures import attempt
from organizations.database import run

BATCH = 200
ISSUED_BY = """
JOIN billing_wallet w ON w.id = c.wallet_id JOIN organizations_account a ON a.id = w.account_id
JOIN billing_productterms t ON t.product_id = a.product_id
JOIN billing_issuer i ON i.id = t.issuer_id AND c.created_at >= i.created_at
"""
HAS_RECEIPT = """
EXISTS (SELECT FROM billing_document r WHERE r.wallet_id = c.wallet_id AND r.key = 'receipt:' || c.payment_id)
"""


def _without(prefix: str) -> str:
    """A document with this key is missing."""
    return (
        f"NOT EXISTS (SELECT FROM billing_document d WHERE d.wallet_id = c.wallet_id AND d.key = '{prefix}:' || c.id)"
    )


def _with(prefix: str) -> str:
    return _without(prefix).removeprefix("NOT ")


@dataclass(frozen=True, slots=True)
class Cause:
    """Rows that call for a document: `sql` finds those without it, past an id; `act` makes the one of a row."""

    name: str
    sql: str
    act: Callable[[int], object]


CAUSES = (
    Cause(
        "receipt",
        f"SELECT c.id FROM billing_payment c {ISSUED_BY} WHERE c.period_id IS NULL AND {_without('receipt')}",
        lambda payment_id: receipts.issue_receipt(payment_id=payment_id),
    ),
    Cause(
        "proforma",
        f"SELECT c.id FROM billing_topup c {ISSUED_BY} WHERE c.provider = 'bank'"
        f" AND c.status IN ('created', 'pending') AND {_without('proforma')}",
        lambda top_up_id: proformas.issue_proforma(top_up_id=top_up_id),
    ),
    Cause(
        "refund",
        f"SELECT c.id FROM billing_refund c WHERE {HAS_RECEIPT}"
        f" AND (c.status = 'succeeded' AND {_without('refund')}"
        f" OR c.status = 'failed' AND {_with('refund')} AND {_without('refund_back')})",
        lambda refund_id: money_back.credit_refund(refund_id=refund_id),
    ),
    Cause(
        "dispute",
        f"SELECT c.id FROM billing_dispute c WHERE {HAS_RECEIPT}"
        f" AND (c.status = 'lost' AND {_without('dispute')}"
        f" OR c.status = 'won' AND {_with('dispute')} AND {_without('reinstated')})",
        lambda dispute_id: money_back.credit_dispute(dispute_id=dispute_id),
    ),
)
WITHOUT_FILE = """
SELECT c.id FROM billing_document c
 WHERE NOT EXISTS (SELECT FROM billing_documentfile f WHERE f.document_id = c.id)
"""
FILES = Cause("pdf", WITHOUT_FILE, lambda document_id: files.render_document(document_id=document_id))


def issue_due() -> int:
    """Issue every receipt, proforma and credit note that is missing; returns how many causes were dealt with."""
    return sum(_deal_with(cause) for cause in CAUSES)


def render_due() -> int:
    """Draw every document that has no PDF yet; returns how many."""
    return _deal_with(FILES)


def issue_certificates() -> int:
    """Certify the months that are over and credit what was reversed since; returns for how many organizations."""
    done, last = 0, 0
    while buyers := certificates.due_buyers(after=last, limit=BATCH):
        for buyer in buyers:
            done += attempt(f"certificates:{buyer.organization_id}", partial(certificates.certify, buyer))
        last = buyers[-1].organization_id
    return done


def at_once(name: str, row_id: int) -> None:
    """What a worker does when the bell rings for one row: the same as the sweep would."""
    cause = next(each for each in (*CAUSES, FILES) if each.name == name)
    attempt(f"{name}:{row_id}", partial(cause.act, row_id))


def _deal_with(cause: Cause) -> int:
    done, last = 0, 0
    sql = f"{cause.sql} AND c.id > %s::bigint ORDER BY c.id LIMIT %s::int"
    while rows := run((sql, [last, BATCH]))[0]:
        for (row_id,) in rows:
            done += attempt(f"{cause.name}:{row_id}", partial(cause.act, row_id))
        last = rows[-1][0]
    return done
