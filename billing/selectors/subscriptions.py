"""Plans as an account would pay for them, and the subscription that it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone

from billing.models import Plan, Subscription, SubscriptionStatus
from billing.selectors.prices import TaxLine, as_json
from billing.selectors.taxation import issuer_of, tax_lines, taxation_at_top_up
from billing.tax import Decision
from organizations.models import Account


@dataclass(frozen=True, slots=True)
class PlanPrice:
    """What a month of a plan costs an account: net + tax = total, in the plan's price currency."""

    plan: Plan
    net: Decimal
    tax_lines: list[TaxLine]
    tax_treatment: str
    tax: Decimal
    total: Decimal


def plans_of(account: Account) -> list[PlanPrice]:
    """The plans that the product sells, the cheapest first."""
    plans = Plan.objects.filter(product_id=account.product_id, is_active=True).order_by("price", "id")
    taxation = _taxation_of(account, timezone.now())
    return [_priced(plan, taxation) for plan in plans]


def price_of(plan: Plan, account: Account, at: datetime) -> PlanPrice:
    """What a month of the plan costs the account at the moment `at`, with the tax of its default organization."""
    return _priced(plan, _taxation_of(account, at))


def _taxation_of(account: Account, at: datetime) -> Decision | None:
    day = at.astimezone(ZoneInfo(account.timezone)).date()
    organization = account.organizations.filter(is_default=True).first()
    return taxation_at_top_up(issuer_of(account), account=account, organization=organization, on=day)


def _priced(plan: Plan, taxation: Decision | None) -> PlanPrice:
    net = plan.price.amount
    taxes = tax_lines(taxation, net) if taxation else ()
    tax = sum((each.amount for each in taxes), Decimal(0))
    treatment = taxation.treatment if taxation else ""
    return PlanPrice(plan=plan, net=net, tax_lines=as_json(taxes), tax_treatment=treatment, tax=tax, total=net + tax)


def running_subscription(wallet_id: int) -> Subscription | None:
    """The wallet's subscription that is active or waits for a payment that failed."""
    live = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
    return Subscription.objects.filter(wallet_id=wallet_id, status__in=live).select_related("plan").first()


def awaited_subscription(wallet_id: int) -> Subscription | None:
    """The newest one whose payment page is open, or whose payment is being confirmed."""
    created = Subscription.objects.filter(wallet_id=wallet_id, status=SubscriptionStatus.CREATED)
    return created.filter(expires_at__gt=timezone.now()).select_related("plan").order_by("-id").first()
