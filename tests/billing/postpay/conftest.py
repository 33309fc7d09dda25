"""Postpay accounts, and a clock that tests set: what is charged and closed happens when they say."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from organizations.models import Account, Product


@pytest.fixture
def postpay_account(products: dict[str, Product]) -> Callable[..., Account]:
    """`postpay_account("aitelier", limit="500", timezone="Asia/Tokyo")`: switched now, by bank transfer, net 30."""
    from tests.billing.postpay.accounts import switched
    from tests.factories import open_test_account

    def make(
        product: str = "aitelier", *, limit: str = "1000", terms: dict[str, Any] | None = None, **options: Any
    ) -> Account:
        account = open_test_account(products[product], **options)
        switched(account, credit_limit=Decimal(limit), **(terms or {}))
        account.wallet.refresh_from_db()
        return account

    return make
