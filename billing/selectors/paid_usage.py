"""What usage has taken of the money that an organization's payments brought, by month: what certificates state.

Counted are transfers out of the payments' own lots to revenue, and to what was owed when the money came; less what
reversals put back, in the month of the usage that they reverse. What a postpay invoice states already is not counted.
Only payments with a receipt count, so that certificates never state more than receipts did.

Amounts are cumulative: each payment's share is rounded to the cent once for all usage up to a month's end, so that
certificates are right to the cent, never drift, and come to the whole payment when it is used up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.db.models.fields.json import KT

from billing.models import Document, DocumentKind
from organizations.database import run

ZERO = Decimal(0)
CENT = Decimal("0.01")
DEBT = "debt"
# Debt that is paid while periods of postpay run, or their invoices are asked for, stands on those invoices.
# A transaction's kinds of ledger account: 1 paid, 4 receivable, 5 revenue (billing.models.LedgerAccountKind).
USED = """
SELECT p.id, date_trunc('month', coalesce(o.day, x.day))::date AS month,
       CASE WHEN 4 IN (t.source_id % 16, t.target_id % 16) THEN 'debt' ELSE coalesce(o.kind, x.kind) END AS kind,
       x.kind = 'void' AND x.created_at > %s::timestamptz AS is_new_reversal,
       sum(CASE WHEN t.source_id % 16 = 1 THEN t.amount ELSE -t.amount END)
  FROM billing_document d
  JOIN billing_payment p ON p.id = d.payment_id AND d.key = 'receipt:' || p.id
  JOIN billing_transfer t ON t.grant_id = p.grant_id
  JOIN billing_transaction x ON x.id = t.transaction_id AND x.created_at <= %s::timestamptz
  LEFT JOIN billing_transaction o ON x.kind = 'void' AND o.wallet_id = x.wallet_id
        AND o.key = 'charge:' || substr(x.key, length('void:') + 1)
 WHERE d.organization_id = %s::bigint AND d.issuer_id = %s::bigint AND d.currency = %s::varchar AND d.kind = 'receipt'
   AND (t.source_id % 16 = 1 AND t.target_id % 16 IN (4, 5) OR t.source_id % 16 = 5 AND t.target_id % 16 = 1)
   AND NOT (t.target_id % 16 = 4 AND EXISTS (
         SELECT FROM billing_billingperiod s
          WHERE s.wallet_id = x.wallet_id AND s.since_number < x.number
            AND (s.status IN ('draft', 'open', 'overdue') OR x.created_at <= coalesce(s.paid_at, (
                  SELECT u.created_at FROM billing_transaction u
                   WHERE u.wallet_id = s.wallet_id AND u.key = 'uncollectible:' || s.id), s.closed_at))))
 GROUP BY 1, 2, 3, 4
"""
TaxName = tuple[str, str]
"""A tax by its name and per cent."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Whose usage: an organization's, of what it paid to one issuer in one currency."""

    wallet_id: int
    organization_id: int
    issuer_id: int
    currency: str


@dataclass(frozen=True, slots=True)
class Paid:
    """One payment: its receipt's net and taxes, and the `amount` of the wallet's money that it brought."""

    amount: Decimal
    net: Decimal
    tax: Decimal
    taxes: tuple[tuple[TaxName, Decimal], ...]
    treatment: str


@dataclass(slots=True)
class Month:
    """One month's usage exactly, before rounding: `net` by kind, `bases` by the taxes on them, `taxes` by tax."""

    net: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    bases: defaultdict[tuple[TaxName, ...], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    taxes: defaultdict[TaxName, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    treatments: set[str] = field(default_factory=set)


class PaidUsage:
    """An organization's usage of what it paid, as the ledger has it at one moment."""

    def __init__(self, payments: dict[int, Paid], used: list[tuple[int, date, str, bool, Decimal]]) -> None:
        self._payments = payments
        self._used: defaultdict[int, defaultdict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self.reversed: defaultdict[date, Decimal] = defaultdict(Decimal)
        self._months: defaultdict[date, Month] = defaultdict(Month)
        for payment_id, month, kind, is_new_reversal, amount in used:
            self._used[payment_id][month] += amount
            self._add(self._months[month], payments[payment_id], kind, amount)
            if is_new_reversal:
                self.reversed[month] -= amount

    @property
    def months(self) -> list[date]:
        """The first days of all months with usage."""
        return sorted(self._months)

    def month(self, first: date) -> Month:
        """What was used in the month that begins on `first`."""
        return self._months[first]

    def through(self, month: date) -> tuple[Decimal, Decimal]:
        """Net and tax of all usage up to the end of the month, each payment's share rounded to the cent."""
        net = tax = ZERO
        for payment_id, used in self._used.items():
            payment = self._payments[payment_id]
            upto = sum((amount for first, amount in used.items() if first <= month), ZERO)
            net += _part(payment.net, upto, payment.amount)
            tax += _part(payment.tax, upto, payment.amount)
        return net, tax

    @staticmethod
    def _add(month: Month, payment: Paid, kind: str, amount: Decimal) -> None:
        net = payment.net * amount / payment.amount
        month.net[kind] += net
        month.bases[tuple(name for name, _amount in payment.taxes)] += net
        for name, whole in payment.taxes:
            month.taxes[name] += whole * amount / payment.amount
        month.treatments.add(payment.treatment)


def paid_usage(buyer: Buyer, *, at: datetime, since: datetime | None) -> PaidUsage:
    """The usage up to the moment `at`; reversals after `since` are told apart (`PaidUsage.reversed`)."""
    whose = [buyer.organization_id, buyer.issuer_id, buyer.currency]
    (used,) = run((USED, [since or at, at, *whose]))
    return PaidUsage(dict(_payments(buyer)), used)


def _payments(buyer: Buyer) -> Iterator[tuple[int, Paid]]:
    receipts = Document.objects.filter(
        wallet_id=buyer.wallet_id,
        organization_id=buyer.organization_id,
        issuer_id=buyer.issuer_id,
        currency=buyer.currency,
        kind=DocumentKind.RECEIPT,
        corrects__isnull=True,
    )
    for receipt in receipts.select_related("payment").annotate(treatment=KT("content__treatment")).defer("content"):
        assert receipt.payment is not None
        taxes = tuple(((line["name"], line["percent"]), Decimal(line["amount"])) for line in receipt.tax_lines)
        paid = Paid(receipt.payment.amount.amount, receipt.net.amount, receipt.tax.amount, taxes, receipt.treatment)
        yield receipt.payment.pk, paid


def _part(whole: Decimal, used: Decimal, amount: Decimal) -> Decimal:
    """What `used` of `amount` is of `whole`, to the cent; all of it where all is used."""
    return whole if used == amount else (whole * used / amount).quantize(CENT, ROUND_HALF_UP)
