"""Accounts and an API client for tests, made the way the product itself makes them."""

from __future__ import annotations

import itertools
import json as json_module
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.test import Client

from billing.models import GrantKind, TransactionKind
from billing.services.accounts import open_account
from billing.services.credits import credit
from organizations.models import Account, Membership, Product, Role, User
from organizations.services.accounts import ProjectSpec

PASSWORD = "correct horse battery staple"

_numbers = itertools.count(1)


def open_test_account(
    product: Product,
    *,
    external_id: str | None = None,
    name: str = "Acme",
    projects: Sequence[tuple[str, str]] = (("main", "live"),),
    paid: str = "0",
    promo: str = "0",
    timezone: str = "UTC",
    email: str = "",
) -> Account:
    """An account with its wallet, projects as (identifier, mode), and credit."""
    account, _ = open_account(
        product=product,
        external_id=external_id or f"account-{next(_numbers)}",
        name=name,
        email=email,
        country="US",
        timezone=timezone,
        projects=[ProjectSpec(slug, slug.title(), mode) for slug, mode in projects],
    )
    for kind, amount in ((GrantKind.PAID, paid), (GrantKind.PROMO, promo)):
        if Decimal(amount):
            credit(
                wallet_id=account.wallet.pk,
                kind=kind,
                amount=Decimal(amount),
                key=f"test-{next(_numbers)}",
                transaction_kind=TransactionKind.CREDIT if kind == GrantKind.PAID else TransactionKind.PROMO,
                description="Test credit",
            )
    account.wallet.refresh_from_db()
    return account


class ApiClient:
    """Django's test client with a bearer key and JSON bodies."""

    def __init__(self, key: str) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)

    def get(self, path: str, **query: Any) -> Any:
        """GET with a query string."""
        return self.client.get(path, query)

    def post(
        self,
        path: str,
        json: Any = None,
        *,
        body: bytes | str | None = None,
        content_type: str = "application/json",
        **headers: str,
    ) -> Any:
        """POST of a JSON value, or of `body` as it is."""
        data = json_module.dumps(json) if body is None else body
        return self.client.post(path, data=data, content_type=content_type, headers=headers)


def make_user(*, is_staff: bool = False, **fields: Any) -> User:
    """A person who signs in with `PASSWORD`; staff may do everything in the admin."""
    email = fields.pop("email", None) or f"person{next(_numbers)}@example.com"
    return User.objects.create_user(email, PASSWORD, is_staff=is_staff, is_superuser=is_staff, **fields)


def make_member(account: Account, role: Role = Role.OWNER, **fields: Any) -> User:
    """A user with a place in the account."""
    user = make_user(**fields)
    Membership.objects.create(account=account, user=user, role=role)
    return user
