"""What customers and staff are told of refunds, each once."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _

from billing.models import Payment, Refund
from billing.services.mail import tell_account, tell_staff
from billing.templatetags.money import money_text
from organizations.models import Account


def tell_of_request(refunds: Sequence[Refund]) -> None:
    """A request has come in; the customer knows that it was heard, staff that it waits for them."""
    first = refunds[0]
    account = first.wallet.account
    asked = money_text(sum((refund.amount.amount for refund in refunds), Decimal(0)), first.currency)
    lines = [f"{destination(refund.payment)}: {back(refund)}" for refund in refunds]
    body = _("You asked for a refund of %(asked)s. We look at it and write to you again.") % {"asked": asked}
    tell_account(
        account_id=account.pk,
        key=f"refund_request:{first.request}",
        subject=_("%(product)s: refund of %(asked)s requested") % {"product": account.product.name, "asked": asked},
        body="\n".join([body, "", *lines]),
    )
    tell_staff(
        key=f"refund_request:{first.request}",
        subject=f"Refund requested: {asked} by {account} ({account.product})",
        body="\n".join([f"{account} asks for a refund of {asked}.", f"Reason: {first.reason}", "", *lines]),
    )


def tell_of_approval(refund: Refund) -> None:
    """The money has left the balance and is on its way."""
    words = _("Your refund was approved. %(amount)s left your balance; %(back)s goes back to %(destination)s.")
    _tell(refund, "approved", _("refund approved"), words)


def tell_of_decline(refund: Refund) -> None:
    """Staff said no, and why."""
    words = _("Your refund request of %(amount)s was declined: %(decision)s")
    _tell(refund, "declined", _("refund declined"), words)


def tell_of_success(refund: Refund) -> None:
    """The provider has sent the money."""
    words = _("%(back)s was sent back to %(destination)s. Banks take up to ten days to show it.")
    _tell(refund, "succeeded", _("refund sent"), words)


def tell_of_failure(refund: Refund) -> None:
    """The money could not be sent and is in the balance again; staff hear why."""
    words = _("The refund to %(destination)s did not go through. %(amount)s is back in your balance.")
    _tell(refund, "failed", _("refund failed"), words)
    tell_staff(
        key=f"refund:{refund.pk}:failed",
        subject=f"Refund {refund.pk} failed",
        body=f"Refund {refund.pk} of {refund.wallet.account}: {refund.failure_message}\n"
        "The amount is back in the balance. Arrange another way with the customer, or refund again.",
    )


def ask_staff(refund: Refund) -> None:
    """A provider that keeps no list did not answer: only its cabinet says whether the money went back."""
    tell_staff(
        key=f"refund:{refund.pk}:unanswered",
        subject=f"Refund {refund.pk} got no answer",
        body=f"{refund.payment.get_provider_display()} did not answer when {back(refund)} was to go back to "
        f"{refund.wallet.account}. Look into its cabinet, then mark the refund as sent or as returned.\n"
        f"{settings.SITE_URL}/admin/billing/refund/{refund.pk}/change/",
    )


def back(refund: Refund) -> str:
    """What the payer gets, in the money that was paid."""
    return money_text(refund.charge_amount.amount, str(refund.charge_currency))


def destination(payment: Payment) -> str:
    """Where it goes: the card, or the way it was paid."""
    return payment.card or payment.get_provider_display()


def _tell(refund: Refund, event: str, subject: str, words: str) -> None:
    account: Account = refund.wallet.account
    facts = {
        "amount": money_text(refund.amount.amount, refund.currency),
        "back": back(refund),
        "destination": destination(refund.payment),
        "decision": refund.decision,
    }
    tell_account(
        account_id=account.pk,
        key=f"refund:{refund.pk}:{event}",
        subject=f"{account.product.name}: {subject}",
        body=words % facts,
    )
