"""What customers and staff are told of refunds, each once.

Staff get a letter, the customer a notice, whose words are `billing.letters.refunds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.conf import settings

from billing.models import Refund
from billing.templatetags.money import money_text
from notifications.models import Event
from notifications.services.notices import Told, tell
from notifications.services.staff_mail import Letter, tell_staff
from organizations.models import Account


def tell_of_request(refunds: Sequence[Refund]) -> None:
    """A request has come in; the customer knows that it was heard, staff that it waits for them."""
    first = refunds[0]
    account = first.wallet.account
    key = f"refund_request:{first.request}"
    _notify(refunds, "requested", key, subject=key)
    tell_staff(key=key, write=lambda: _request_waits(refunds, account))


def tell_of_approval(refund: Refund) -> None:
    """The money has left the balance and is on its way."""
    _tell(refund, "approved")


def tell_of_decline(refund: Refund) -> None:
    """Staff said no, and why."""
    _tell(refund, "declined", decision=refund.decision)


def tell_of_success(refund: Refund) -> None:
    """The provider has sent the money."""
    _tell(refund, "succeeded")


def tell_of_failure(refund: Refund) -> None:
    """The money could not be sent and is in the balance again; staff hear why."""
    _tell(refund, "failed")
    letter = Letter(
        f"Refund {refund.pk} failed",
        f"Refund {refund.pk} of {refund.wallet.account}: {refund.failure_message}\n"
        "The amount is back in the balance. Arrange another way with the customer, or refund again.",
    )
    tell_staff(key=f"refund:{refund.pk}:failed", write=lambda: letter)


def ask_staff(refund: Refund) -> None:
    """A provider that keeps no list did not answer: only its cabinet says whether the money went back."""

    def letter() -> Letter:
        return Letter(
            f"Refund {refund.pk} got no answer",
            f"{refund.payment.get_provider_display()} did not answer when {_back(refund)} was to go back to "
            f"{refund.wallet.account}. Look into its cabinet, then mark the refund as sent or as returned.\n"
            f"{settings.SITE_URL}/admin/billing/refund/{refund.pk}/change/",
        )

    tell_staff(key=f"refund:{refund.pk}:unanswered", write=letter)


def _request_waits(refunds: Sequence[Refund], account: Account) -> Letter:
    asked = money_text(_asked(refunds), refunds[0].currency)
    ways = [f"{refund.payment.card or refund.payment.get_provider_display()}: {_back(refund)}" for refund in refunds]
    body = [f"{account} asks for a refund of {asked}.", f"Reason: {refunds[0].reason}", "", *ways]
    return Letter(f"Refund requested: {asked} by {account} ({account.product})", "\n".join(body))


def _asked(refunds: Sequence[Refund]) -> Decimal:
    """What leaves the balance for all of them, in the wallet's currency."""
    return sum((refund.amount.amount for refund in refunds), Decimal(0))


def _back(refund: Refund) -> str:
    """What the payer gets, in the money that was paid."""
    return money_text(refund.charge_amount.amount, str(refund.charge_currency))


def _tell(refund: Refund, state: str, **facts: str) -> None:
    _notify([refund], state, f"refund:{refund.pk}:{state}", subject=f"refund:{refund.pk}", **facts)


def _notify(refunds: Sequence[Refund], state: str, key: str, *, subject: str, **more: str) -> None:
    first = refunds[0]
    facts = {
        "state": state,
        "amount": f"{_asked(refunds):f}",
        "currency": first.currency,
        "ways": [_way(refund) for refund in refunds],
        **more,
    }
    tell(Told(first.wallet.account_id, Event.REFUND, key, subject=subject, facts=facts))


def _way(refund: Refund) -> dict[str, str]:
    """What goes back to one payment, in the money that was paid."""
    payment = refund.payment
    return {
        "card": payment.card,
        "provider": payment.provider,
        "back": f"{refund.charge_amount.amount:f}",
        "currency": str(refund.charge_currency),
    }
