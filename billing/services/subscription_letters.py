"""Letters about a subscription: begun, renewed, not paid, to end, ended. Each is told once."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from billing.models import Payment, Subscription
from billing.services.mail import tell_account
from billing.templatetags.moments import day_year, local
from billing.templatetags.money import money_text


def paid(subscription: Subscription, payment: Payment) -> None:
    """A month was paid: what it cost, what it gives, when the next one begins."""
    price = str(payment.price_currency)
    lines = [
        _("%(plan)s: %(allotment)s each month.") % _names(subscription),
        _("Paid: %(paid)s, of which %(tax)s is tax.")
        % {"paid": money_text(payment.total.amount, price), "tax": money_text(payment.tax.amount, price)}
        if payment.tax.amount > 0
        else _("Paid: %(paid)s.") % {"paid": money_text(payment.total.amount, price)},
    ]
    if payment.card:
        lines.append(_("By: %(card)s.") % {"card": payment.card})
    if subscription.period_end is not None and not subscription.ends_at_period_end:
        lines.append(_("The next month begins on %(day)s.") % {"day": _day(subscription, subscription.period_end)})
    if payment.receipt_url:
        lines.append(_("Receipt: %(address)s") % {"address": payment.receipt_url})
    _tell(subscription, f"paid:{payment.pk}", _("%(plan)s is paid") % _names(subscription), lines)


def unpaid(subscription: Subscription) -> None:
    """A renewal was not paid: what follows, and where to mend it."""
    lines = [
        _("The payment for %(plan)s did not go through.") % _names(subscription),
        _("What was left of this month's %(allotment)s is withdrawn until it is paid; what you topped up stays.")
        % _names(subscription),
        _("The charge is tried again on your default card. Add another card if this one no longer works."),
    ]
    key = f"unpaid:{subscription.period_start:%Y-%m-%d}"
    _tell(subscription, key, _("The payment for %(plan)s failed") % _names(subscription), lines)


def ending(subscription: Subscription) -> None:
    """It was cancelled and runs to the end of what is paid."""
    if subscription.period_end is None:
        return
    day = _day(subscription, subscription.period_end)
    lines = [
        _("%(plan)s was cancelled and ends on %(day)s.") % {**_names(subscription), "day": day},
        _("Until then its credits can be used. Nothing more is charged for it."),
    ]
    key = f"ending:{subscription.period_end:%Y-%m-%d}"
    _tell(subscription, key, _("%(plan)s ends on %(day)s") % {**_names(subscription), "day": day}, lines)


def ended(subscription: Subscription) -> None:
    """It is over."""
    lines = [
        _("%(plan)s has ended. No monthly credits follow and nothing more is charged for it.") % _names(subscription),
        _("Your balance stays, and calls go on as long as it lasts."),
    ]
    _tell(subscription, "ended", _("%(plan)s has ended") % _names(subscription), lines)


def _tell(subscription: Subscription, key: str, subject: str, lines: list[str]) -> None:
    account = subscription.wallet.account
    address = f"{settings.SITE_URL}/billing/subscription/"
    tell_account(
        account_id=account.pk,
        key=f"subscription:{subscription.pk}:{key}",
        subject=f"{account.product.name}: {subject}",
        body="\n".join([*lines, "", address]),
    )


def _names(subscription: Subscription) -> dict[str, str]:
    allotment = money_text(subscription.allotment.amount, subscription.currency)
    return {"plan": subscription.plan.name, "allotment": allotment}


def _day(subscription: Subscription, moment: datetime) -> str:
    return day_year(local(moment, ZoneInfo(subscription.wallet.account.timezone)).date())
