"""What customers and staff are told of refunds, each once."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.models import Payment, Refund
from billing.services.mail import Letter, tell_account, tell_staff
from billing.templatetags.money import money_text
from billing.templatetags.stored import said
from organizations.models import Account


def tell_of_request(refunds: Sequence[Refund]) -> None:
    """A request has come in; the customer knows that it was heard, staff that it waits for them."""
    first = refunds[0]
    account = first.wallet.account
    key = f"refund_request:{first.request}"
    tell_account(account_id=account.pk, key=key, write=lambda: _request_heard(refunds, account))
    tell_staff(key=key, write=lambda: _request_waits(refunds, account))


def tell_of_approval(refund: Refund) -> None:
    """The money has left the balance and is on its way."""
    words = gettext_noop(
        "Your refund was approved. %(amount)s left your balance; %(back)s goes back to %(destination)s."
    )
    _tell(refund, "approved", gettext_noop("%(product)s: refund approved"), words)


def tell_of_decline(refund: Refund) -> None:
    """Staff said no, and why."""
    words = gettext_noop("Your refund request of %(amount)s was declined: %(decision)s")
    _tell(refund, "declined", gettext_noop("%(product)s: refund declined"), words)


def tell_of_success(refund: Refund) -> None:
    """The provider has sent the money."""
    words = gettext_noop("%(back)s was sent back to %(destination)s. Banks take up to ten days to show it.")
    _tell(refund, "succeeded", gettext_noop("%(product)s: refund sent"), words)


def tell_of_failure(refund: Refund) -> None:
    """The money could not be sent and is in the balance again; staff hear why."""
    words = gettext_noop("The refund to %(destination)s did not go through. %(amount)s is back in your balance.")
    _tell(refund, "failed", gettext_noop("%(product)s: refund failed"), words)
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
            f"{refund.payment.get_provider_display()} did not answer when {back(refund)} was to go back to "
            f"{refund.wallet.account}. Look into its cabinet, then mark the refund as sent or as returned.\n"
            f"{settings.SITE_URL}/admin/billing/refund/{refund.pk}/change/",
        )

    tell_staff(key=f"refund:{refund.pk}:unanswered", write=letter)


def back(refund: Refund) -> str:
    """What the payer gets, in the money that was paid."""
    return money_text(refund.charge_amount.amount, str(refund.charge_currency))


def destination(payment: Payment) -> str:
    """Where it goes: the card, or the way it was paid."""
    return said(payment.card) or payment.get_provider_display()


def _request_heard(refunds: Sequence[Refund], account: Account) -> Letter:
    names = {"product": account.product.name, "asked": _asked(refunds)}
    body = _("You asked for a refund of %(asked)s. We look at it and write to you again.") % names
    subject = _("%(product)s: refund of %(asked)s requested") % names
    return Letter(subject, "\n".join([body, "", *_ways_back(refunds)]))


def _request_waits(refunds: Sequence[Refund], account: Account) -> Letter:
    asked = _asked(refunds)
    body = [f"{account} asks for a refund of {asked}.", f"Reason: {refunds[0].reason}", "", *_ways_back(refunds)]
    return Letter(f"Refund requested: {asked} by {account} ({account.product})", "\n".join(body))


def _asked(refunds: Sequence[Refund]) -> str:
    return money_text(sum((refund.amount.amount for refund in refunds), Decimal(0)), refunds[0].currency)


def _ways_back(refunds: Sequence[Refund]) -> list[str]:
    return [f"{destination(refund.payment)}: {back(refund)}" for refund in refunds]


def _tell(refund: Refund, event: str, subject: str, words: str) -> None:
    account: Account = refund.wallet.account

    def letter() -> Letter:
        facts = {
            "product": account.product.name,
            "amount": money_text(refund.amount.amount, refund.currency),
            "back": back(refund),
            "destination": destination(refund.payment),
            "decision": refund.decision,
        }
        return Letter(_(subject) % facts, _(words) % facts)

    tell_account(account_id=account.pk, key=f"refund:{refund.pk}:{event}", write=letter)
