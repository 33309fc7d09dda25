"""Rows of coupons, subscriptions and payment settings for the pages of the back office."""

from __future__ import annotations

from datetime import date

from billing.models import CouponAttempt, CreditPack, ExchangeRate, TaxRate, TopUpTerms, VatCheck
from billing.services.coupons import redeem
from organizations.models import Account, Organization, Product
from tests.billing.coupons.offers import make_coupon
from tests.billing.subscriptions.plans import make_plan, make_subscription
from tests.factories import make_user


def offer_rows(account: Account, number: int) -> None:
    """An offer with its code, redeemed once; a refused one; a subscription; an organization with a VAT check."""
    user = make_user()
    coupon = make_coupon(account.product, f"OFFER-{number}")
    redeem(wallet_id=account.wallet.pk, code=coupon.code, user_id=user.pk)
    CouponAttempt.objects.create(wallet=account.wallet, user=user, created_at=account.created_at)
    make_subscription(account.wallet, make_plan(account.product, name=f"Plan {number}"))
    company = Organization.objects.create(account=account, name=f"Company {number}", country="US", tax_id=f"{number}")
    VatCheck.objects.create(organization=company, number=f"{number}", state="valid", checked_at=account.created_at)


def setting_rows(product: Product, number: int) -> None:
    """How a product takes money."""
    TopUpTerms.objects.create(
        product=product,
        currency="USD",
        minimum=5,
        maximum=1000,
        choices=[5, 10],
        providers=["stripe"],
        price_currency="USD",
        unit_price=1,
    )
    day = date(2026, 1, 1 + number % 28)
    CreditPack.objects.create(
        product=product, currency="USD", amount=number + 1, price_currency="USD", price=number + 1
    )
    TaxRate.objects.create(product=product, country="US", name="Sales tax", percent=8, valid_from=day)
    ExchangeRate.objects.create(base="USD", quote=f"X{number}", rate=90, valid_from=day)
