"""A row in every table of money in and out, for the tests that ask the database's own rules."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing.models import (
    AutoTopUp,
    BillingPeriod,
    CouponBatch,
    CreditPack,
    Dispute,
    ExchangeRate,
    Payment,
    Plan,
    Refund,
    Subscription,
    TaxRate,
    TopUpTerms,
)
from organizations.models import Account
from tests.billing.documents.issued import issue_one, make_issuer
from tests.billing.refunds.paid import pay_by_bank
from tests.config.approval_rows import approval_rows


def fill(account: Account) -> Payment:
    """Rows of one account of a product that takes bank transfers; returns its payment."""
    now, today = timezone.now(), timezone.now().date()
    product, wallet, currency = account.product, account.wallet, account.product.currency
    payment = pay_by_bank(account, "50")
    share: dict[str, Any] = {"charge_currency": currency, "charge_amount": 1, "currency": currency, "amount": 1}
    price: dict[str, Any] = {"price_currency": currency, "price": 1}
    Refund.objects.create(
        payment=payment, wallet=wallet, price_currency=currency, tax=0, total=1, created_at=now, **share
    )
    approval_rows(account)
    Dispute.objects.create(payment=payment, wallet=wallet, provider_reference="dp_row", opened_at=now, **share)
    AutoTopUp.objects.create(wallet=wallet, currency=currency, threshold=1, amount=1, monthly_ceiling=1)
    CouponBatch.objects.create(product=product, currency=currency, name="Rows", amount=1, valid_from=now)
    CreditPack.objects.create(product=product, currency=currency, amount=3, **price)
    plan = Plan.objects.create(product=product, name="Rows", currency=currency, allotment=1, **price)
    Subscription.objects.create(
        wallet=wallet, plan=plan, currency=currency, allotment=1, tax=0, created_at=now, **price
    )
    TaxRate.objects.create(country="ZZ", name="Rows", percent=Decimal("1.5"), valid_from=today - timedelta(days=1))
    ExchangeRate.objects.create(base="ZZZ", quote="RUB", rate=Decimal(2), valid_from=today)
    noon = now.replace(hour=12)
    BillingPeriod.objects.create(
        wallet=wallet, currency=currency, starts_on=today, ends_on=today, starts_at=noon, ends_at=noon + timedelta(1),
        closes_at=noon + timedelta(2),
    )  # fmt: skip
    issue_one(wallet, make_issuer(), "rows:1")
    assert TopUpTerms.objects.filter(product=product).exists()
    return payment
