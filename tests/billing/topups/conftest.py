"""An AI PBX customer who pays by card."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from organizations.models import Account
    from tests.billing.conftest import StripeWorld


@pytest.fixture
def account(stripe: StripeWorld, make_account: Callable[..., Account]) -> Account:
    """Without any balance; the owner's address is the account's."""
    return make_account("aipbx", name="Acme", email="owner@acme.example")


@pytest.fixture
def watched(stripe: StripeWorld, make_account: Callable[..., Account]) -> Account:
    """An aitelier customer without any balance, with a saved card and automatic top-up on."""
    from billing.models import ProductTerms
    from tests.billing.topups.paying import saved_card, watch

    ProductTerms.objects.update(welcome_bonus=0)
    account = make_account("aitelier", name="Acme", email="owner@acme.example")
    saved_card(stripe, account)
    watch(account)
    return account
