"""A subscription's paid invoices: each becomes one `Payment`, or a difference for staff when it is not as agreed.

A subscription's payment fills an allotment and no paid lot: it moves nothing in the ledger by itself.
"""

from __future__ import annotations

from datetime import datetime

from billing.models import DifferenceKind, Payment, PaymentProvider, Subscription
from billing.providers import provider as provider_called
from billing.providers.base import PaymentFacts
from billing.services import doorbells
from billing.services import subscription_notices as notices
from billing.services.payments import card_words
from billing.services.reconciliation import note_difference

PROVIDER = PaymentProvider.STRIPE.value


def record(subscription: Subscription, paid: tuple[PaymentFacts, ...], now: datetime) -> int:
    """Write down the invoices that are new; returns how many. Under the wallet's lock.

    Raises IntegrityError for a payment that belongs to another wallet.
    """
    known = set(subscription.payments.values_list("reference", flat=True))
    new = [each for each in paid if each.payment_reference not in known]
    fitting = [each for each in new if not _differs(subscription, each)]
    for facts in fitting:
        payment = _insert(subscription, facts, now)
        notices.paid(subscription, payment)
        doorbells.ring("billing.issue_receipt", payment.pk)
    return len(fitting)


def _insert(subscription: Subscription, facts: PaymentFacts, now: datetime) -> Payment:
    price = subscription.price_currency
    return Payment.objects.create(
        provider=PROVIDER,
        reference=facts.payment_reference,
        charge_reference=facts.charge_reference,
        subscription=subscription,
        wallet_id=subscription.wallet_id,
        currency=subscription.currency,
        amount=subscription.allotment.amount,
        price_currency=price,
        tax=subscription.tax.amount,
        total=subscription.price.amount + subscription.tax.amount,
        charge_currency=price,
        charge_amount=facts.amount,
        is_live=facts.is_live,
        card=card_words(facts.card) if facts.card else "",
        receipt_url=facts.receipt_url,
        details=dict(facts.details),
        paid_at=facts.paid_at or now,
        created_at=now,
    )


def _differs(subscription: Subscription, facts: PaymentFacts) -> bool:
    """Whether a paid invoice is not what was agreed; if so, staff are told."""
    total = subscription.price.amount + subscription.tax.amount
    is_live = provider_called(PROVIDER).is_live()
    account_id = subscription.wallet.account_id
    if facts.account_id is not None and facts.account_id != account_id:
        kind, expected, found = DifferenceKind.WRONG_ACCOUNT, f"account {account_id}", f"account {facts.account_id}"
    elif facts.is_live != is_live:
        words = {True: "real money", False: "test money"}
        kind, expected, found = DifferenceKind.WRONG_MODE, words[is_live], words[facts.is_live]
    elif facts.currency != subscription.price_currency:
        kind, expected, found = DifferenceKind.WRONG_CURRENCY, subscription.price_currency, facts.currency
    elif facts.amount != total:
        kind, expected, found = DifferenceKind.WRONG_AMOUNT, f"{total:f}", f"{facts.amount}"
    elif not facts.payment_reference:
        kind, expected, found = DifferenceKind.MISSING_PAYMENT, "a payment with a name", "none"
    else:
        return False
    note_difference(
        provider=PROVIDER,
        kind=kind,
        reference=facts.payment_reference or str(subscription.reference),
        wallet_id=subscription.wallet_id,
        expected=f"{expected} (subscription {subscription.pk})",
        found=found,
    )
    return True
