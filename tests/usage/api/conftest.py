"""An account as in API.md's examples, and what a test needs to see that nothing was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from organizations.models import Account


@pytest.fixture
def acme(bare_account: Callable[..., Account]) -> Account:
    """The account `acme` of AI PBX with its project `front-desk` and 10 dollars."""
    return bare_account("aipbx", external_id="acme", projects={"front-desk": "live"}, paid="10")


@pytest.fixture
def rows() -> Callable[[], dict[str, int]]:
    """How many rows there are of everything that a request could write, the list of rejections left aside."""
    from billing.models import Grant, Hold, Transaction
    from organizations.models import Account, Project
    from usage.models import DailyUsage, IdempotentRequest, UsageEvent

    models = (Account, Project, Grant, Hold, Transaction, DailyUsage, IdempotentRequest, UsageEvent)
    return lambda: {model.__name__: model.objects.count() for model in models}
