"""What accounts are told of a subscription: begun, renewed, not paid, to end, ended. Each is told once.

A notice is a row in the transaction of what it tells; its words are `billing.letters.subscriptions`.
"""

from __future__ import annotations

from billing.models import Payment, Subscription
from notifications.models import Event
from notifications.services.notices import Told, tell


def paid(subscription: Subscription, payment: Payment) -> None:
    """A month was paid: what it cost, what it gives, when the next one begins."""
    facts = {
        "paid": f"{payment.total.amount:f}",
        "tax": f"{payment.tax.amount:f}",
        "price_currency": str(payment.price_currency),
        "card": payment.card,
        "receipt_url": payment.receipt_url,
    }
    if subscription.period_end is not None and not subscription.ends_at_period_end:
        facts["next_at"] = subscription.period_end.isoformat()
    _tell(subscription, "paid", f"paid:{payment.pk}", **facts)


def unpaid(subscription: Subscription) -> None:
    """A renewal was not paid: what follows, and where to mend it."""
    _tell(subscription, "unpaid", f"unpaid:{subscription.period_start:%Y-%m-%d}")


def ending(subscription: Subscription) -> None:
    """It was cancelled and runs to the end of what is paid."""
    end = subscription.period_end
    if end is not None:
        _tell(subscription, "ending", f"ending:{end:%Y-%m-%d}", ends_at=end.isoformat())


def ended(subscription: Subscription) -> None:
    """It is over."""
    _tell(subscription, "ended", "ended")


def _tell(subscription: Subscription, state: str, key: str, **facts: str) -> None:
    name = f"subscription:{subscription.pk}"
    facts |= {
        "state": state,
        "plan": subscription.plan.name,
        "allotment": f"{subscription.allotment.amount:f}",
        "currency": subscription.currency,
    }
    account_id = subscription.wallet.account_id
    tell(Told(account_id, Event.SUBSCRIPTION, f"{name}:{key}", subject=name, facts=facts))
