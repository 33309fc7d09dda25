"""What tests of postpay do to accounts, through the services."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import time_machine

from billing.models import BillingPeriod, PeriodStatus
from billing.models.postpay import PostpayTerms
from billing.services.postpay import closing, switching
from organizations.models import Account
from tests.usage.events import charge, event


def switched(account: Account, **changes: Any) -> PostpayTerms:
    """Switch the account to postpay now."""
    terms: dict[str, Any] = {
        "credit_limit": Decimal(1000),
        "collects_by": "bank",
        "net_days": 30,
        "late_usage_hours": 72,
        "overdue_grace_days": 3,
        "organization_id": None,
        "reason": "Agreed by mail",
        "actor_id": None,
    }
    return switching.switch_to_postpay(wallet_id=account.wallet.pk, **(terms | changes))


def at(moment: str) -> time_machine.travel:
    """A clock that stands at a moment of UTC, such as 2026-03-01 10:00."""
    return time_machine.travel(datetime.fromisoformat(moment).replace(tzinfo=UTC), tick=False)


def call(account: Account, outcome: str = "success", *, service: str = "aitelier", **data: Any) -> None:
    """A finished call, charged now: 0.90 for a success on Standard, 0.60 for a conversation."""
    occurred_at = data.pop("occurred_at", None)
    moment = datetime.fromisoformat(occurred_at).replace(tzinfo=UTC) if isinstance(occurred_at, str) else occurred_at
    (answer,) = charge(service, event(account, outcome=outcome, occurred_at=moment, **data))
    assert answer["status"] == "accepted", answer


def running(account: Account) -> BillingPeriod:
    """The running period."""
    return BillingPeriod.objects.get(wallet=account.wallet, status=PeriodStatus.DRAFT)


def close_running(account: Account) -> BillingPeriod:
    """Close the running period, now that its time has come."""
    return closing.close(period_id=running(account).pk)
