"""An AI PBX customer who pays roubles through Robokassa."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from organizations.models import Account
    from tests.billing.robokassa import RobokassaWorld


@pytest.fixture
def account(robokassa: RobokassaWorld, make_account: Callable[..., Account]) -> Account:
    """Without any balance."""
    return make_account("aipbx", name="Acme", email="owner@acme.example")
