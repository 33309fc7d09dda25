"""Letters about a subscription: begun, renewed, not paid, to end, ended. Each is told once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from billing.models import Payment, Subscription
from billing.services.mail import Letter, tell_account
from billing.templatetags.moments import day_year, local
from billing.templatetags.money import money_text
from billing.templatetags.stored import said

Words = tuple[str, list[str]]  # a subject and the lines under it


def paid(subscription: Subscription, payment: Payment) -> None:
    """A month was paid: what it cost, what it gives, when the next one begins."""
    _tell(subscription, f"paid:{payment.pk}", lambda: _paid(subscription, payment))


def _paid(subscription: Subscription, payment: Payment) -> Words:
    price = str(payment.price_currency)
    lines = [
        _("%(plan)s: %(allotment)s each month.") % _names(subscription),
        _("Paid: %(paid)s, of which %(tax)s is tax.")
        % {"paid": money_text(payment.total.amount, price), "tax": money_text(payment.tax.amount, price)}
        if payment.tax.amount > 0
        else _("Paid: %(paid)s.") % {"paid": money_text(payment.total.amount, price)},
    ]
    if payment.card:
        lines.append(_("By: %(card)s.") % {"card": said(payment.card)})
    if subscription.period_end is not None and not subscription.ends_at_period_end:
        lines.append(_("The next month begins on %(day)s.") % {"day": _day(subscription, subscription.period_end)})
    if payment.receipt_url:
        lines.append(_("Receipt: %(address)s") % {"address": payment.receipt_url})
    return _("%(product)s: %(plan)s is paid") % _names(subscription), lines


def unpaid(subscription: Subscription) -> None:
    """A renewal was not paid: what follows, and where to mend it."""
    _tell(subscription, f"unpaid:{subscription.period_start:%Y-%m-%d}", lambda: _unpaid(subscription))


def _unpaid(subscription: Subscription) -> Words:
    lines = [
        _("The payment for %(plan)s did not go through.") % _names(subscription),
        _("What was left of this month's %(allotment)s is withdrawn until it is paid; what you topped up stays.")
        % _names(subscription),
        _("The charge is tried again on your default card. Add another card if this one no longer works."),
    ]
    return _("%(product)s: the payment for %(plan)s failed") % _names(subscription), lines


def ending(subscription: Subscription) -> None:
    """It was cancelled and runs to the end of what is paid."""
    if subscription.period_end is not None:
        end = subscription.period_end
        _tell(subscription, f"ending:{end:%Y-%m-%d}", lambda: _ending(subscription, end))


def _ending(subscription: Subscription, end: datetime) -> Words:
    day = _day(subscription, end)
    lines = [
        _("%(plan)s was cancelled and ends on %(day)s.") % {**_names(subscription), "day": day},
        _("Until then its credits can be used. Nothing more is charged for it."),
    ]
    return _("%(product)s: %(plan)s ends on %(day)s") % {**_names(subscription), "day": day}, lines


def ended(subscription: Subscription) -> None:
    """It is over."""
    _tell(subscription, "ended", lambda: _ended(subscription))


def _ended(subscription: Subscription) -> Words:
    lines = [
        _("%(plan)s has ended. No monthly credits follow and nothing more is charged for it.") % _names(subscription),
        _("Your balance stays, and calls go on as long as it lasts."),
    ]
    return _("%(product)s: %(plan)s has ended") % _names(subscription), lines


def _tell(subscription: Subscription, key: str, write: Callable[[], Words]) -> None:
    def letter() -> Letter:
        subject, lines = write()
        return Letter(subject, "\n".join([*lines, "", f"{settings.SITE_URL}/billing/subscription/"]))

    account_id = subscription.wallet.account_id
    tell_account(account_id=account_id, key=f"subscription:{subscription.pk}:{key}", write=letter)


def _names(subscription: Subscription) -> dict[str, str]:
    allotment = money_text(subscription.allotment.amount, subscription.currency)
    product = subscription.wallet.account.product.name
    return {"product": product, "plan": subscription.plan.name, "allotment": allotment}


def _day(subscription: Subscription, moment: datetime) -> str:
    return day_year(local(moment, ZoneInfo(subscription.wallet.account.timezone)).date())
