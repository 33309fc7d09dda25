"""The stand-in's books against ours: after every scenario they say the same, movement by movement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from typing import TYPE_CHECKING

from billing.models import Dispute, Payment, Refund, Transaction
from billing.verification.run import verify

if TYPE_CHECKING:
    from tests.billing.conftest import StripeWorld

CENT = Decimal("0.01")
GONE_REFUNDS = ("submitted", "succeeded")
GONE_DISPUTES = ("opened", "lost")


def assert_journal_equals_ledger(stripe: StripeWorld, *, refused: Collection[str] = ()) -> None:
    """Every payment at the stand-in is one credit of the account whose customer paid, every refund and dispute ours.

    `refused` are the PaymentIntents that were rightly not credited. The ledger's own invariants hold, too.
    """
    taken: dict[str, tuple[int | None, str, Decimal]] = {}
    returned: dict[str, Decimal] = defaultdict(Decimal)
    for movement in stripe.site.journal():
        intent = movement.payment_intent or ""
        if intent in refused:
            continue
        amount = movement.amount * CENT
        if movement.kind == "payment":
            assert intent not in taken, f"{intent} was paid twice"
            taken[intent] = (_account_of(stripe, movement.customer), movement.currency.upper(), amount)
        else:
            returned[intent] -= amount
    payments = {payment.reference: payment for payment in Payment.objects.filter(provider="stripe")}
    ours = {
        reference: (payment.wallet.account_id, str(payment.charge_currency), payment.charge_amount.amount)
        for reference, payment in payments.items()
    }
    assert ours == taken
    gone = {
        reference: amount for reference, payment in payments.items() if (amount := _returned_by(payment)) != Decimal(0)
    }
    assert gone == {intent: amount for intent, amount in returned.items() if amount}
    for payment in payments.values():
        if payment.grant_id is not None:
            booked = Transaction.objects.get(wallet_id=payment.wallet_id, key=f"payment:stripe:{payment.reference}")
            assert (booked.amount, booked.number) == (payment.amount, payment.transaction_number)
    booked_keys = Transaction.objects.filter(key__startswith="payment:stripe:")
    assert booked_keys.count() == sum(payment.grant_id is not None for payment in payments.values())
    findings = verify()
    assert not findings, findings


def money_kept(stripe: StripeWorld) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """By PaymentIntent, what the stand-in has not given back, and what we say that it has not."""
    theirs: dict[str, Decimal] = defaultdict(Decimal)
    for movement in stripe.site.journal():
        theirs[movement.payment_intent or ""] += movement.amount * CENT
    payments = Payment.objects.filter(provider="stripe")
    return dict(theirs), {each.reference: each.charge_amount.amount - _returned_by(each) for each in payments}


def _account_of(stripe: StripeWorld, customer: str | None) -> int | None:
    if customer is None:
        return None
    return int(stripe.site.object(customer)["metadata"]["account"])


def _returned_by(payment: Payment) -> Decimal:
    refunds = Refund.objects.filter(payment=payment, status__in=GONE_REFUNDS)
    disputes = Dispute.objects.filter(payment=payment, status__in=GONE_DISPUTES)
    amounts = [each.charge_amount.amount for each in refunds] + [each.charge_amount.amount for each in disputes]
    return sum(amounts, Decimal(0))
