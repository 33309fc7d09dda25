"""Letters about automatic top-ups: one for each failure, and one for a month whose ceiling is reached."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import AutoTopUp, TopUp
from billing.providers.base import FailureReason
from billing.services.mail import Letter, tell_account
from billing.services.state import WalletState
from billing.templatetags.moments import clock, day_year
from billing.templatetags.money import money_text
from billing.templatetags.stored import said
from organizations.models import Account


def tell_of_ceiling(wallet: WalletState, *, key: str, ceiling: Decimal) -> None:
    """The month has no room for another top-up."""

    def letter() -> Letter:
        words = {"product": _product(wallet), "ceiling": money_text(ceiling, wallet.currency)}
        lines = [
            _("Automatic top-up may add %(ceiling)s in a month, and that is reached. It goes on next month.") % words,
            _("Raise the ceiling, or top up by hand."),
            *_foot(wallet),
        ]
        subject = _("%(product)s: the monthly ceiling of automatic top-up is reached") % words
        return Letter(subject, "\n".join(lines))

    tell_account(account_id=wallet.account_id, key=f"auto_top_up_{key}", write=letter)


def tell_of_failure(
    rule: AutoTopUp, wallet: WalletState, top_up: TopUp, reason: FailureReason, *, is_turned_off: bool
) -> None:
    """One letter for each failure; the one of the third says that automatic top-up is off now."""
    event = "disabled" if is_turned_off else "failed"
    tell_account(
        account_id=wallet.account_id,
        key=f"auto_top_up_{event}:{top_up.pk}",
        write=lambda: _failure(rule, wallet, top_up, reason, is_turned_off=is_turned_off),
    )


def _failure(
    rule: AutoTopUp, wallet: WalletState, top_up: TopUp, reason: FailureReason, *, is_turned_off: bool
) -> Letter:
    words = {
        "product": _product(wallet),
        "amount": money_text(top_up.amount.amount, wallet.currency),
        "price": money_text(top_up.total.amount, str(top_up.price_currency)),
    }
    lines = [_("An automatic top-up of %(amount)s (%(price)s) failed.") % words, _why(reason, top_up), ""]
    if is_turned_off:
        subject = _("%(product)s: automatic top-up is turned off")
        lines.append(_("It was the third failure in a row, so automatic top-up is turned off now."))
    else:
        subject = _("%(product)s: automatic top-up failed")
        if rule.next_attempt_at is not None:
            moment = rule.next_attempt_at.astimezone(wallet.zone)
            next_one = {"day": day_year(moment.date()), "time": clock(moment)}
            lines.append(_("The next attempt is on %(day)s at %(time)s.") % next_one)
    return Letter(subject % words, "\n".join([*lines, *_foot(wallet)[1:]]))


def _why(reason: FailureReason, top_up: TopUp) -> str:
    if reason == FailureReason.NO_PAYMENT_METHOD:
        return _("No payment method is set for automatic top-ups: add a card.")
    if reason == FailureReason.NEEDS_CONFIRMATION:
        return _("Your bank asks you to confirm the payment of %(card)s.") % {"card": _card(top_up)}
    if reason == FailureReason.CARD_DECLINED:
        words = _("%(card)s was declined.") % {"card": _card(top_up)}
        return f"{words} {said(top_up.failure_message)}".strip()
    return _("An internal error occurred. Retry the charge; if it keeps failing, contact support.")


def _card(top_up: TopUp) -> str:
    return said(top_up.card) if top_up.card else _("a saved card")


def _foot(wallet: WalletState) -> list[str]:
    balance = money_text(wallet.balance, wallet.currency)
    address = str(settings.SITE_URL) + reverse("auto_top_up")
    return ["", _("Balance now: %(balance)s") % {"balance": balance}, "", address]


def _product(wallet: WalletState) -> str:
    return Account.objects.values_list("product__name", flat=True).get(pk=wallet.account_id)
