"""How late postpay invoices are, as of the end of any day.

An invoice is asked for from its closing until it is paid, given up or taken back. As it stands today what came of it is
known to the cent. For a day that is over, one that was paid since counts whole: part payments carry no date of their
own on the invoice; the page says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from organizations.database import run

BUCKETS = ("not_due", "to_30", "to_60", "to_90", "over_90")
BUCKET_LABELS = ("Not due", "1 to 30 days", "31 to 60 days", "61 to 90 days", "Over 90 days")

# When one was given up says its write-off in the ledger; when it was taken back, the tax that went back with it or,
# of an invoice without tax, its credit note.
INVOICES = """
SELECT p.id, a.id, a.name, a.external_id, pr.name, p.currency, p.due_on, p.closed_at,
       CASE WHEN p.status IN ('open', 'overdue') THEN p.total - p.settled
            WHEN p.status = 'paid' THEN p.total
            WHEN p.status = 'uncollectible' THEN p.total - p.settled
            ELSE p.total END
  FROM billing_billingperiod p
  JOIN billing_wallet w ON w.id = p.wallet_id
  JOIN organizations_account a ON a.id = w.account_id
  JOIN organizations_product pr ON pr.id = a.product_id
  LEFT JOIN billing_transaction gone ON gone.wallet_id = p.wallet_id AND gone.key = 'uncollectible:' || p.id
  LEFT JOIN billing_document note ON note.wallet_id = p.wallet_id AND note.key = 'void:' || p.id
 WHERE p.closed_at < %s::timestamptz AND p.total > 0 AND p.due_on IS NOT NULL
   AND (p.status IN ('open', 'overdue')
        OR (p.status = 'paid' AND p.paid_at >= %s::timestamptz)
        OR (p.status = 'uncollectible' AND gone.created_at >= %s::timestamptz)
        OR (p.status = 'void' AND note.issued_at >= %s::timestamptz))
   AND (%s::bigint IS NULL OR a.product_id = %s::bigint)
   AND (%s::bigint IS NULL OR a.id = %s::bigint)
 ORDER BY p.currency, pr.name, a.name, a.id, p.due_on, p.id
"""


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice that asks for something at the end of the day; `due` is what, in its currency."""

    period_id: int
    account_id: int
    account: str
    external_id: str
    product: str
    currency: str
    due_on: date
    closed_at: datetime
    due: Decimal

    def days_late(self, day: date) -> int:
        """Days since the due day, which is not late itself; 0 or less while it is not due."""
        return (day - self.due_on).days

    def bucket(self, day: date) -> str:
        """Which of `BUCKETS` it is in."""
        late = self.days_late(day)
        if late <= 0:
            return "not_due"
        return "to_30" if late <= 30 else "to_60" if late <= 60 else "to_90" if late <= 90 else "over_90"


@dataclass(frozen=True, slots=True)
class AccountAge:
    """What one account is asked for, by how late it is."""

    product: str
    account_id: int
    account: str
    external_id: str
    currency: str
    invoices: int
    amounts: tuple[Decimal, ...]

    @property
    def total(self) -> Decimal:
        """All of it."""
        return sum(self.amounts, Decimal(0))


def open_invoices(
    before: datetime, *, product_id: int | None = None, account_id: int | None = None
) -> list[OpenInvoice]:
    """The invoices that ask for something at the moment."""
    (rows,) = run((INVOICES, [before] * 4 + [product_id, product_id, account_id, account_id]))
    return [OpenInvoice(*row) for row in rows if row[-1] > 0]


def by_account(invoices: Iterable[OpenInvoice], day: date) -> list[AccountAge]:
    """The invoices added up by account and currency, in their order."""
    found: dict[tuple[int, str], list[OpenInvoice]] = {}
    for one in invoices:
        found.setdefault((one.account_id, one.currency), []).append(one)
    return [
        AccountAge(
            of[0].product,
            account_id,
            of[0].account,
            of[0].external_id,
            currency,
            len(of),
            tuple(sum((one.due for one in of if one.bucket(day) == name), Decimal(0)) for name in BUCKETS),
        )
        for (account_id, currency), of in found.items()
    ]


def day_of(moment: datetime) -> date:
    """The day of UTC that a moment lies in."""
    return moment.astimezone(UTC).date()
