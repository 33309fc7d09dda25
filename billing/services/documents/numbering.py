"""Numbers of documents: without gaps per issuer, kind and year, also when transactions run together or roll back.

The series' row is raised in the transaction that writes the document and stays locked to its end, so that the next
number is given when this one is certain. Taken last, after any wallet's lock (`billing.services.locking`).
"""

from __future__ import annotations

from django.db import IntegrityError

from billing.models import DocumentKind
from organizations.database import run

PREFIXES = {
    DocumentKind.RECEIPT: "RCP",
    DocumentKind.PROFORMA: "PRO",
    DocumentKind.CERTIFICATE: "ACT",
    DocumentKind.INVOICE: "INV",
    DocumentKind.CREDIT_NOTE: "CRN",
}
# A new year goes on with the prefix that staff chose for the last one.
BEGIN = """
INSERT INTO billing_numberseries (issuer_id, kind, year, prefix, last_number)
SELECT v.issuer_id, v.kind, v.year, coalesce(
         (SELECT s.prefix FROM billing_numberseries s
           WHERE s.issuer_id = v.issuer_id AND s.kind = v.kind AND s.year < v.year ORDER BY s.year DESC LIMIT 1),
         v.prefix), 0
  FROM (SELECT %s::bigint, %s::varchar, %s::smallint, %s::varchar) AS v(issuer_id, kind, year, prefix)
ON CONFLICT DO NOTHING
"""
LOCK = """
SELECT id FROM billing_numberseries
 WHERE issuer_id = %s::bigint AND kind = %s::varchar AND year = %s::smallint FOR NO KEY UPDATE
"""
RAISE = """
UPDATE billing_numberseries SET last_number = last_number + 1 WHERE id = %s::bigint RETURNING prefix, last_number
"""


def take_number(*, issuer_id: int, kind: DocumentKind, year: int) -> tuple[int, str]:
    """The next number of the series and its label, such as RCP-2026-0001, held until the transaction ends.

    Raises IntegrityError where another kind of the issuer's has the prefix in that year.
    """
    series = [issuer_id, kind.value, year]
    _, locked = run((BEGIN, [*series, PREFIXES[kind]]), (LOCK, series))
    if not locked:
        raise IntegrityError(f"Another series of this issuer has the prefix of {kind.label.lower()}s in {year}.")
    (((prefix, number),),) = run((RAISE, [locked[0][0]]))
    return number, f"{prefix}-{year}-{number:04d}"
