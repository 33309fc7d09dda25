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
