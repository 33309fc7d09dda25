"""Demo customers for the tests that look at every page: a month behind them, and something on each page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from billing.models import Card
from billing.providers.base import FailureReason
from notifications.services.incidents import open_incident
from organizations.models import Account, Organization, Product
from tests.billing.conftest import stripe
from tests.billing.topups.paying import begin
from usage.services.demo.accounts import load_demo_accounts
from usage.services.products.files import read_product

if TYPE_CHECKING:
    from tests.billing.conftest import StripeWorld

__all__ = ["demo", "stripe"]


@pytest.fixture
def demo(products: dict[str, Product], stripe: StripeWorld) -> Callable[[str], Account]:
    """`demo("aipbx")`: the product's customer with a card, an organization, a begun payment and a failed one."""

    def live(slug: str) -> Account:
        load_demo_accounts(product=products[slug], file=read_product(slug))
        account = Account.objects.filter(product=products[slug]).order_by("pk")[0]
        Card.objects.create(
            wallet=account.wallet, reference="pm_1", brand="visa", last4="4242", exp_month=4, exp_year=2030
        )
        Organization.objects.create(account=account, name="Second Firm Inc", country="US", tax_id="12-3456789")
        begin(account, "500")
        open_incident(account_id=account.pk, kind="auto_top_up", reason=FailureReason.CARD_DECLINED.value)
        return account

    return live
