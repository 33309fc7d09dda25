"""Accounts for tests of usage: without the gifts of their product, so that balances are what a test gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from organizations.models import Account, Product


@pytest.fixture
def bare_account(products: dict[str, Product]) -> Callable[..., Account]:
    """`bare_account("aipbx", paid="5", daily_cap=Decimal(1))`: no bonus, no allotment; wallet columns by name."""
    from billing.models import ProductTerms, Wallet
    from tests.factories import open_test_account

    def make(product: str, *, projects: Mapping[str, str] | None = None, **options: Any) -> Account:
        ProductTerms.objects.update(welcome_bonus=0, monthly_allotment=0)
        columns = {field.name for field in Wallet._meta.get_fields()}
        settings = {
            name: options.pop(name) for name in list(options) if name in columns and name not in ("paid", "promo")
        }
        chosen = list((projects or {"main": "live"}).items())
        account = open_test_account(products[product], projects=chosen, **options)
        if settings:
            Wallet.objects.filter(account=account).update(**settings)
            account.wallet.refresh_from_db()
        return account

    return make
