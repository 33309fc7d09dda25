"""Demo customers of a product's file: accounts, projects, members, an opening balance and a month of usage.

Loading again changes nothing: an account that exists keeps its history, and only what is missing beside it is made.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from billing.models import Coupon, CouponBatch
from billing.services.accounts import open_account
from organizations.models import Account, Membership, Organization, Product, User
from organizations.services.accounts import ProjectSpec
from usage.services.demo import invoiced
from usage.services.demo.clock import clock_at
from usage.services.demo.history import live_through
from usage.services.demo.paying import issuer_since, leave_documents, pay_in
from usage.services.products.demo_table import DemoAccount, DemoCoupon
from usage.services.products.files import ProductFile

DEMO_PASSWORD = "demo-password"
DAYS = 30


def load_demo_accounts(*, product: Product, file: ProductFile) -> int:
    """Make the file's demo accounts where they are missing; returns how many were made.

    Raises ImproperlyConfigured in production, and writes nothing there.
    """
    if settings.PRODUCTION:
        raise ImproperlyConfigured("Demo customers have a known password and are never created in production.")
    for coupon in file.demo_coupons:
        _offer(product, coupon)
    made = 0
    for demo in file.demo_accounts:
        with transaction.atomic():
            if not Account.objects.filter(product=product, external_id=demo.external_id).exists():
                _make(product, demo, file)
                made += 1
    return made


def _offer(product: Product, demo: DemoCoupon) -> None:
    batch, _ = CouponBatch.objects.get_or_create(
        product=product,
        name=demo.name,
        defaults={"currency": product.currency, "amount": demo.amount, "valid_from": timezone.now()},
    )
    Coupon.objects.get_or_create(code=demo.code, defaults={"batch": batch, "limit": demo.limit})


def _make(product: Product, demo: DemoAccount, file: ProductFile) -> None:
    now = timezone.now()
    days = invoiced.DAYS if demo.credit_limit else DAYS
    with clock_at(now - timedelta(days=days)):
        account = _open(product, demo)
    live_through(account=account, demo=demo, card=file.card, now=now, days=days)
    if not demo.credit_limit:
        leave_documents(account=account, amount=demo.top_up)


def _open(product: Product, demo: DemoAccount) -> Account:
    account, _ = open_account(
        product=product,
        external_id=demo.external_id,
        name=demo.name,
        email="",  # nobody is invited: the members below have a password already
        country=demo.country,
        timezone=demo.timezone,
        projects=[ProjectSpec(project.external_id, project.name, project.mode or None) for project in demo.projects],
    )
    Account.objects.filter(pk=account.pk).update(email=demo.email)
    issuer_since(account, timezone.now())
    for member in demo.members:
        user = User.objects.filter(email=member.email).first()
        if user is None:
            user = User.objects.create_user(member.email, DEMO_PASSWORD, name=member.name)
        Membership.objects.create(account=account, user=user, role=member.role)
    for place, organization in enumerate(demo.organizations):
        Organization.objects.create(account=account, is_default=place == 0, **asdict(organization))
    if demo.credit_limit:
        invoiced.switch(account, demo)
    else:
        pay_in(account=account, amount=demo.balance)
    return account
