"""Demo customers of a product's file: accounts, projects, members and an opening balance. Never in production."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from billing.models import GrantKind, TransactionKind
from billing.services.accounts import open_account
from billing.services.credits import credit
from organizations.models import Account, Membership, Product, User
from organizations.services.accounts import ProjectSpec
from usage.services.products.files import DemoAccount, ProductFile

DEMO_PASSWORD = "demo-password"
OPENING_KEY = "demo:opening"


def load_demo_accounts(*, product: Product, file: ProductFile) -> list[tuple[Account, bool]]:
    """The file's demo accounts and whether each was created now. Raises ImproperlyConfigured in production."""
    if settings.PRODUCTION:
        raise ImproperlyConfigured("Demo customers have a known password and are never created in production.")
    return [_load(product, demo) for demo in file.demo_accounts]


@transaction.atomic
def _load(product: Product, demo: DemoAccount) -> tuple[Account, bool]:
    account, created = open_account(
        product=product,
        external_id=demo.external_id,
        name=demo.name,
        email=demo.email,
        country=demo.country,
        timezone=demo.timezone,
        projects=[
            ProjectSpec(project.external_id, project.name, project.mode or product.default_project_mode)
            for project in demo.projects
        ],
    )
    for member in demo.members:
        user = User.objects.filter(email=member.email).first()
        if user is None:
            user = User.objects.create_user(member.email, DEMO_PASSWORD, name=member.name)
        Membership.objects.get_or_create(account=account, user=user, defaults={"role": member.role})
    if demo.balance:
        credit(
            wallet_id=account.wallet.pk,
            kind=GrantKind.PAID,
            amount=demo.balance,
            key=OPENING_KEY,
            transaction_kind=TransactionKind.CREDIT,
            description="Opening balance",
            reason="Demo",
        )
    return account, created
