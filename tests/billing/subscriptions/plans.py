"""Plans, subscriptions and what a provider would say of them, for tests of settling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.models import Plan, Subscription, Wallet
from billing.providers.base import Outcome, PaymentFacts, SubscriptionFacts
from organizations.models import Product

BEGAN = datetime(2026, 1, 31, 15, 7, 9, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 28, 15, 7, 9, tzinfo=UTC)
MARCH = datetime(2026, 3, 31, 15, 7, 9, tzinfo=UTC)
APRIL = datetime(2026, 4, 30, 15, 7, 9, tzinfo=UTC)
SOON = timedelta(minutes=1)


def make_plan(product: Product, *, name: str = "Plus", allotment: str = "200", price: str = "80") -> Plan:
    """A plan on sale, for US dollars."""
    return Plan.objects.create(
        product=product, name=name, currency=product.currency, allotment=allotment, price_currency="USD", price=price
    )


def make_subscription(wallet: Wallet, plan: Plan | None = None, **fields: Any) -> Subscription:
    """One that waits for its first payment, without a provider."""
    plan = plan or make_plan(wallet.account.product)
    return Subscription.objects.create(
        wallet=wallet,
        plan=plan,
        currency=plan.currency,
        allotment=plan.allotment.amount,
        price_currency=plan.price_currency,
        price=plan.price.amount,
        tax=Decimal("7.10"),
        created_at=BEGAN - SOON,
        expires_at=BEGAN + timedelta(hours=1),
        **fields,
    )


def paid(number: int, at: datetime, **changes: Any) -> PaymentFacts:
    """A paid invoice of 80.00 and 7.10 tax."""
    said = {"amount": Decimal("87.10"), "currency": "USD", "is_live": False, **changes}
    return PaymentFacts(Outcome.SUCCEEDED, payment_reference=f"pi_{number}", paid_at=at, **said)


def said(
    subscription: Subscription,
    outcome: Outcome,
    start: datetime | None,
    end: datetime | None,
    *payments: PaymentFacts,
    **changes: Any,
) -> SubscriptionFacts:
    """What the provider says of the subscription."""
    return SubscriptionFacts(
        outcome,
        provider_reference=f"sub_{subscription.pk}",
        subscription_reference=str(subscription.reference),
        account_id=changes.pop("account_id", subscription.wallet.account_id),
        period_start=start,
        period_end=end,
        payments=payments,
        **changes,
    )
