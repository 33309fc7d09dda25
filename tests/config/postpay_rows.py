"""Terms and a running period for the back office's lists, of an account that pays by invoice."""

from __future__ import annotations

from decimal import Decimal

from billing.services.postpay import switching
from organizations.models import Account


def postpay_rows(account: Account) -> None:
    """Have the account pay by invoice from now on."""
    switching.switch_to_postpay(
        wallet_id=account.wallet.pk,
        credit_limit=Decimal(100),
        collects_by="bank",
        net_days=30,
        late_usage_hours=72,
        overdue_grace_days=3,
        organization_id=None,
        reason="Agreed",
        actor_id=None,
    )
