"""What part of a payment an amount of credit is, and the other way round: price, tax and what the payer gets.

Shares are cumulative: a refund takes what all refunds of the payment up to and with it come to, rounded once half up,
less what those before it took. So each is right to the cent, they never drift, and the last takes the exact rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Sum

from billing.models import Payment, Refund, RefundStatus

CENT = Decimal("0.01")
MICRO = Decimal("0.000001")
UNIT = Decimal(1)
ZERO = Decimal(0)
# Refunds whose money has left the wallet and has not come back.
RESERVED = (RefundStatus.APPROVED, RefundStatus.SUBMITTED, RefundStatus.SUCCEEDED)


@dataclass(frozen=True, slots=True)
class Portion:
    """Part of a payment: `amount` of the wallet's money, its price `total` with `tax`, and `charge_amount` of what the
    provider took, each in the payment's own currency for it."""

    amount: Decimal
    total: Decimal
    tax: Decimal
    charge_amount: Decimal


NOTHING = Portion(ZERO, ZERO, ZERO, ZERO)


def whole_of(payment: Payment) -> Portion:
    """All of the payment."""
    return Portion(payment.amount.amount, payment.total.amount, payment.tax.amount, payment.charge_amount.amount)


def refunded(payment_ids: Iterable[int]) -> dict[int, Portion]:
    """By payment: what its refunds have taken out of the wallet for good or for now; nothing is left out."""
    wanted = list(payment_ids)
    found = dict.fromkeys(wanted, NOTHING)
    sums = (
        Refund.objects.filter(payment_id__in=wanted, status__in=RESERVED)
        .order_by()
        .values_list("payment_id")
        .annotate(Sum("amount"), Sum("total"), Sum("tax"), Sum("charge_amount"))
    )
    for payment_id, *amounts in sums:
        found[payment_id] = Portion(*[Decimal(amount) for amount in amounts])
    return found


def refunded_of(payment: Payment) -> Portion:
    """What the payment's refunds have taken."""
    return refunded([payment.pk])[payment.pk]


def portion(payment: Payment, amount: Decimal, *, before: Portion) -> Portion:
    """The share of the payment that the next `amount` of its credit is, after refunds of `before`."""
    whole = whole_of(payment)
    upto = before.amount + amount

    def share(total: Decimal, taken: Decimal) -> Decimal:
        return (
            (total * upto / whole.amount).quantize(CENT, ROUND_HALF_UP) - taken
            if upto < whole.amount
            else (total - taken)
        )

    return Portion(
        amount,
        share(whole.total, before.total),
        share(whole.tax, before.tax),
        share(whole.charge_amount, before.charge_amount),
    )


def credit_of(payment: Payment, charge_amount: Decimal, *, before: Portion = NOTHING) -> Decimal:
    """The credit that the next `charge_amount` of the payment bought, after refunds of `before`."""
    whole = whole_of(payment)
    upto = before.charge_amount + charge_amount
    if upto >= whole.charge_amount:
        return whole.amount - before.amount
    finest = UNIT if payment.currency == "CREDIT" else MICRO
    return max((whole.amount * upto / whole.charge_amount).quantize(finest, ROUND_HALF_UP) - before.amount, ZERO)
