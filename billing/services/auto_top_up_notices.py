"""What accounts are told of automatic top-ups: of each failure, and of a month whose ceiling is reached.

A notice is a row in the transaction of what it tells; its words are `billing.letters.auto_top_up`.
"""

from __future__ import annotations

from decimal import Decimal

from billing.models import AutoTopUp, TopUp
from billing.providers.base import FailureReason
from billing.services.state import WalletState
from notifications.models import Event
from notifications.services.notices import Told, tell


def tell_of_ceiling(wallet: WalletState, *, key: str, ceiling: Decimal) -> None:
    """The month has no room for another top-up."""
    facts = {"currency": wallet.currency, "ceiling": f"{ceiling:f}", "balance": f"{wallet.balance:f}"}
    tell(Told(wallet.account_id, Event.AUTO_TOP_UP_CEILING, f"auto_top_up_{key}", facts=facts))


def tell_of_failure(
    rule: AutoTopUp, wallet: WalletState, top_up: TopUp, reason: FailureReason, *, is_turned_off: bool
) -> None:
    """One notice of each failure; that of the third says that automatic top-up is off now."""
    event, name = Event.AUTO_TOP_UP_FAILED, "failed"
    if is_turned_off:
        event, name = Event.AUTO_TOP_UP_DISABLED, "disabled"
    facts = {
        "reason": reason.value,
        "amount": f"{top_up.amount.amount:f}",
        "currency": wallet.currency,
        "price": f"{top_up.total.amount:f}",
        "price_currency": str(top_up.price_currency),
        "card": str(top_up.card or ""),
        "message": top_up.failure_message,
        "balance": f"{wallet.balance:f}",
    }
    if rule.next_attempt_at is not None:
        facts["next_attempt_at"] = rule.next_attempt_at.isoformat()
    key = f"auto_top_up_{name}:{top_up.pk}"
    tell(Told(wallet.account_id, event, key, subject=f"top_up:{top_up.pk}", facts=facts))
