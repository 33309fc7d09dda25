"""A demo account that pays by invoice: a month that is paid, one that is to be paid, and one that runs.

Its periods are closed as their time comes while it lives through its past, and an invoice is paid by bank transfer a
day before it is due, so that the newest is still to be paid: on Stripe's page, which a worker makes.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from billing.models import BillingPeriod, PaymentProvider, PeriodStatus
from billing.services.postpay import closing, paying, switching
from organizations.models import Account
from usage.services.products.demo_table import DemoAccount

DAYS = 75
PAID_AFTER = timedelta(days=29)


def switch(account: Account, demo: DemoAccount) -> None:
    """Have the account pay by invoice from now on."""
    organization = account.organizations.filter(is_default=True).first()
    switching.switch_to_postpay(
        wallet_id=account.wallet.pk,
        credit_limit=demo.credit_limit,
        collects_by=PaymentProvider.STRIPE.value,
        net_days=30,
        late_usage_hours=72,
        overdue_grace_days=3,
        organization_id=organization.pk if organization else None,
        reason="A customer to look at",
        actor_id=None,
    )


def settle_months(account: Account) -> None:
    """Close what is over by now, and pay what was issued long enough ago."""
    now = timezone.now()
    for period in BillingPeriod.objects.filter(wallet=account.wallet).order_by("id"):
        if period.status == PeriodStatus.DRAFT and period.closes_at <= now:
            closing.close(period_id=period.pk)
        elif period.due > 0 and period.closed_at is not None and period.closed_at + PAID_AFTER <= now:
            paying.record_transfer(
                period_id=period.pk,
                amount=period.to_pay,
                received_on=now.date(),
                bank_reference=f"DEMO-P{period.pk}",
                user_id=None,
            )
